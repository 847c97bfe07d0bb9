import type { Context } from '../context.ts';
import { isForPeople, renderOne, type View } from '../output/format.ts';

/** What became of something: a sentence for people, the object for programs. */
export function tell<T>({ terminal, format }: Context, item: T, view: View<T>, became: string): void {
  terminal.out(
    isForPeople(format) ? `${view.noun}/${view.nameOf(item)} ${became}` : renderOne(item, view, format),
  );
}
