/** Receives one finished line, without a line feed, for the person who waits. */
export type Progress = (line: string) => void;

export function progressToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
