/** Where a command writes: results to `out`, everything else (progress, warnings, errors) to `err`. */
export interface Terminal {
  /** Whole lines; the last line break is added. */
  out(text: string): void;
  /** As it is. */
  raw(text: string): void;
  err(text: string): void;
  /** Replaces the line that it wrote last, where somebody looks on; a line like any other where not. */
  progress(text: string): void;
  readonly isInteractive: boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Clears the line and goes to its start (ECMA-48: EL, CR). */
const clearLine = '\r\u001b[2K';

export function terminal(
  { stdout, stderr }: { readonly stdout: Stream; readonly stderr: Stream },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  // Lines that move are no colours, and are as unwelcome to whoever wants none.
  const isInteractive = stderr.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  let hasProgress = false;
  const endProgress = () => {
    if (hasProgress) stderr.write('\n');
    hasProgress = false;
  };
  return {
    isInteractive,
    out: (text) => {
      endProgress();
      if (text !== '') stdout.write(`${text}\n`);
    },
    raw: (text) => {
      endProgress();
      stdout.write(text);
    },
    err: (text) => {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress: (text) => {
      if (!isInteractive) return void stderr.write(`${text}\n`);
      stderr.write(`${hasProgress ? clearLine : ''}${text.slice(0, (stderr.columns ?? 80) - 1)}`);
      hasProgress = true;
    },
  };
}
