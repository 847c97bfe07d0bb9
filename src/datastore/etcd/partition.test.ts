import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compactionKey, etcdPartition } from './partition.ts';

/** Few letters, so that ids often begin alike. */
const id = fc.stringMatching(/^[ab0]{1,4}(-[ab0]{1,3}){0,2}$/).filter((candidate) => candidate.length <= 63);

describe('etcdPartition', () => {
  it('names everything from the id', () => {
    expect(etcdPartition('a-1')).toEqual({
      id: 'a-1',
      name: 'a-1',
      prefix: '/a-1/',
      end: '/a-10',
      grants: [
        { permission: 'Readwrite', start: '/a-1/', end: '/a-10' },
        { permission: 'Read', start: 'compact_rev_key', end: '' },
      ],
    });
  });

  it('holds exactly the keys that begin with its prefix', () => {
    fc.assert(
      fc.property(id, fc.uint8Array({ maxLength: 3 }), fc.boolean(), (name, tail, within) => {
        const { prefix, end } = etcdPartition(name);
        const key = Buffer.concat([Buffer.from(within ? prefix : `/${name}`), tail]);
        const inRange = Buffer.from(prefix).compare(key) <= 0 && key.compare(Buffer.from(end)) < 0;
        expect(inRange).toBe(key.subarray(0, prefix.length).equals(Buffer.from(prefix)));
      }),
    );
  });

  it('shares no key with another, nor the compaction key', () => {
    fc.assert(
      fc.property(id, id, (one, other) => {
        fc.pre(one !== other);
        const [first, second] = [etcdPartition(one), etcdPartition(other)];
        expect(first.end <= second.prefix || second.end <= first.prefix).toBe(true);
        expect(compactionKey < first.prefix || compactionKey >= first.end).toBe(true);
      }),
    );
  });

  it.each(['root', 'marina', '', 'A', 'a-', '-a', 'a--b', 'a/b', 'a\n', 'a'.repeat(64)])(
    'refuses %j',
    (name) => {
      expect(() => etcdPartition(name)).toThrow(expect.objectContaining({ code: 'Unsupported' }));
    },
  );

  it.each(['a', '0', 'a-0', 'a'.repeat(63)])('takes %j', (name) => {
    expect(etcdPartition(name).id).toBe(name);
  });
});
