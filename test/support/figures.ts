import { appendFileSync } from 'node:fs';

/** Names the file that `npm test` collects figures in; one JSON object a line. */
const file = process.env['MARINA_FIGURES'];

/** What a suite measured or counted, for the table that the runner prints last; e.g. `('crash points', '54 x 2')`. */
export function recordFigure(name: string, value: string): void {
  if (file) appendFileSync(file, `${JSON.stringify({ name, value })}\n`);
}
