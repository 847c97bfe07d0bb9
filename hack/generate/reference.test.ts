import { expect, test } from '@jest/globals';
import { fieldRows } from './fields.ts';
import { anchor } from './markdown.ts';
import { referenceFiles } from './reference.ts';

test('every link within the reference leads to a page and a heading that exist', () => {
  const pages = new Map(referenceFiles().map(({ path, content }) => [path.replace(/.*\//, ''), content]));
  const broken: string[] = [];
  let links = 0;
  for (const [name, content] of pages) {
    for (const [, page, heading] of content
      .replaceAll(/`[^`]*`/g, '')
      .matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      // Out of the reference; `npm run lint` follows those.
      if (page?.startsWith('../')) continue;
      links += 1;
      const target = pages.get(page || name);
      const headings = [...(target ?? '').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => anchor(text));
      if (!target || (heading && !headings.includes(heading))) broken.push(`${name}: ${page}#${heading}`);
    }
  }
  expect(links).toBeGreaterThan(20);
  expect(broken).toEqual([]);
});

test('a field is shown with its type, bounds, default, description and all rules about it', () => {
  const rows = fieldRows('spec', {
    type: 'object',
    required: ['name'],
    'x-kubernetes-validations': [
      { rule: 'a', message: 'must be a CIDR or absent', fieldPath: '.cidrs' },
      { rule: 'b', message: 'must go with name', fieldPath: '.size.unit' },
    ],
    properties: {
      name: { type: 'string', maxLength: 9, pattern: '^a|b$' },
      cidrs: {
        type: 'array',
        maxItems: 2,
        default: ['10.0.0.0/8'],
        description: 'Networks.',
        items: {
          type: 'string',
          maxLength: 64,
          'x-kubernetes-validations': [{ rule: 'c', message: 'must be a CIDR' }],
        },
      },
      size: { type: 'object', default: {}, properties: { unit: { type: 'string', enum: ['Mi', 'Gi'] } } },
    },
  });

  expect(rows).toEqual([
    ['`name`', 'string, at most 9 characters', '**required**', '• matches `^a|b$`'],
    [
      '`cidrs`',
      'list of string, at most 64 characters, at most 2 items',
      '`["10.0.0.0/8"]`',
      'Networks.<br>• must be a CIDR or absent<br>• each must be a CIDR',
    ],
    ['`size`', '[object](#specsize)', '', '• `size.unit` must go with name'],
  ]);
});
