import { describe, expect, it } from '@jest/globals';
import { requirePartitionId } from './partition-id.ts';

describe('requirePartitionId', () => {
  it.each(['a', '0', 'a-0', 'tcp-7f3k', 'a'.repeat(63)])('takes %s', (id) => {
    expect(() => requirePartitionId(id, 'test: name')).not.toThrow();
  });

  it.each(['', 'A', '-a', 'a-', 'a--b', 'a_b', 'a"', 'a b', 'ä', 'a\0', 'a'.repeat(64)])(
    'refuses %j',
    (id) => {
      expect(() => requirePartitionId(id, 'test: name')).toThrow('test: name: ');
    },
  );

  it.each(['root', 'marina', 'postgres', 'template0', 'template1', 'public', 'none'])('reserves %s', (id) => {
    expect(() => requirePartitionId(id, 'test: name')).toThrow('not reserved');
  });
});
