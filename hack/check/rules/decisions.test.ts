import { describe, expect, it } from '@jest/globals';
import { checkDecisions } from './decisions.ts';

describe('decisions', () => {
  it('are numbered from one without a gap', () => {
    const files = [
      'src/a.ts',
      'docs/decisions/0002-b.md',
      'docs/decisions/0001-a.md',
      'docs/decisions/README.md',
    ];

    expect(checkDecisions(files)).toEqual([]);
  });

  it('may be none', () => {
    expect(checkDecisions(['docs/architecture.md'])).toEqual([]);
  });

  it.each([
    ['a gap', ['0001-a.md', '0003-c.md'], '0003-c.md'],
    ['a double', ['0001-a.md', '0001-b.md', '0002-c.md'], '0001-b.md'],
    ['a start that is not one', ['0002-a.md'], '0002-a.md'],
    ['a name without a number', ['0001-a.md', 'b.md'], 'b.md'],
  ])('%s is found', (_, names, blamed) => {
    const findings = checkDecisions(names.map((name) => `docs/decisions/${name}`));

    expect(findings.map(({ file }) => file)).toEqual([`docs/decisions/${blamed}`]);
  });
});
