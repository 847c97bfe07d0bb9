/** The tests of test/conformance/node-free-tests.txt that read a list in pieces while its history is compacted. */
export const chunkingTests = [
  '[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]',
  '[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]',
] as const;

/**
 * Names of tests from the text of a list: one a line, as `e2e.test --list-tests` prints them.
 * @param focus keeps the names that contain it
 */
export function readTests(text: string, focus = ''): readonly string[] {
  const names = text.split('\n').map((line) => line.trim());
  return names.filter((name) => name !== '' && name.includes(focus));
}

/**
 * Regular expression (RE2) for `--focus` of ginkgo that matches exactly these tests. ginkgo puts the name of the suite in front of
 * that of a test before it looks.
 */
export function focusExpression(names: readonly string[]): string {
  return `(?:${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`;
}
