import { expect, it } from '@jest/globals';
import { checkLinks } from './links.ts';

const others = ['README.md', 'docs/architecture.md', 'docs/decisions/0001-a.md', 'src/main.ts'].map(
  (path) => ({
    path,
    text: '',
  }),
);

function findingsIn(text: string): readonly string[] {
  return checkLinks([...others, { path: 'docs/guide.md', text }]).map(
    ({ line, message }) => `${line}: ${message}`,
  );
}

it.each([
  '[a](architecture.md)',
  '[a](./architecture.md#a-heading) and [b](../README.md "title")',
  '[folder](decisions/) [folder](decisions) [root](..)',
  '[elsewhere](https://example.com/x.md) [mail](mailto:a@example.com) [here](#heading)',
  '[label]: ../src/main.ts',
  '`[a](no-link.md)`',
  '```\n[a](no-link.md)\n```',
])('%j leads somewhere', (text) => {
  expect(findingsIn(text)).toEqual([]);
});

it.each([
  ['text\n[a](missing.md)', '2: link to missing.md leads nowhere'],
  ['![a](missing.png "title")', '1: link to missing.png leads nowhere'],
  ['[a](/work/README.md)', '1: link to /work/README.md leads nowhere'],
  ['[label]: missing.md', '1: link to missing.md leads nowhere'],
  ['```\n```\n[a](../src/main.js#x)', '3: link to ../src/main.js#x leads nowhere'],
])('%j leads nowhere', (text, finding) => {
  expect(findingsIn(text)).toEqual([finding]);
});
