import { expect, it } from '@jest/globals';
import { checkRunbooks } from './runbooks.ts';

const known = { lasting: ['Gone', 'Lost', 'Stuck'], others: ['Late'] };

/** Pages by file name, with a table of contents of them all. */
function findingsIn(pages: Readonly<Record<string, string>>): readonly string[] {
  const files = Object.entries(pages).map(([name, text]) => ({ path: `docs/runbooks/${name}`, text }));
  const contents = Object.entries(pages).map(([name, text]) => `- [${text.replace('# ', '')}](${name})`);
  const all = [...files, { path: 'docs/runbooks/README.md', text: contents.join('\n') }];
  return checkRunbooks(all, known).map(({ file, message }) => `${file}: ${message}`);
}

const complete = { 'Gone.md': '# Gone, Lost', 'Stuck.md': '# Stuck', 'Late.md': '# Late' };

it('a page for each reason that needs a person, and others, are well', () => {
  expect(findingsIn(complete)).toEqual([]);
});

it.each([
  ['a reason without a page', { ...complete, 'Stuck.md': undefined }, 'docs/runbooks/: no page for Stuck'],
  [
    'a page for no reason',
    { ...complete, 'Odd.md': '# Odd' },
    'docs/runbooks/Odd.md: there is no reason Odd',
  ],
  [
    'a reason with two pages',
    { ...complete, 'Stuck.md': '# Stuck, Lost' },
    'docs/runbooks/Stuck.md: Lost has a page already: docs/runbooks/Gone.md',
  ],
  [
    'a page under another name than its title',
    { ...complete, 'Late.md': undefined, 'Later.md': '# Late' },
    'docs/runbooks/Later.md: is about Late',
  ],
])('%s is found', (_, pages, finding) => {
  const present = Object.entries(pages).filter((page): page is [string, string] => page[1] !== undefined);

  expect(findingsIn(Object.fromEntries(present))).toEqual([finding]);
});

it('a page that the table of contents does not list is found', () => {
  const files = [
    { path: 'docs/runbooks/README.md', text: '[Gone](Gone.md)' },
    { path: 'docs/runbooks/Gone.md', text: '# Gone, Lost, Stuck' },
  ];

  expect(checkRunbooks(files, known)).toEqual([
    { file: 'docs/runbooks/README.md', message: 'does not list [Gone, Lost, Stuck](Gone.md)' },
  ]);
});
