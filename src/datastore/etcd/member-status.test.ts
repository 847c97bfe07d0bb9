import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { decodeStatus } from './member-status.ts';

/** A StatusResponse with fields that a later etcd may add. */
function encode(quota: (writer: protobuf.Writer) => protobuf.Writer): Buffer {
  const header = protobuf.Writer.create()
    .uint32(tag(1))
    .uint64('18446744073709551615')
    .uint32(tag(2))
    .uint64(7)
    .uint32(tag(3))
    .int64(42)
    .finish();
  const writer = protobuf.Writer.create().uint32(bytes(1)).bytes(header);
  writer.uint32(bytes(2)).string('3.7.3').uint32(tag(3)).int64(1000).uint32(tag(4)).uint64(9);
  writer.uint32(bytes(8)).string('memberID:7 alarm:NOSPACE ').uint32(bytes(8)).string('no leader');
  writer.uint32(tag(9)).int64(600);
  return Buffer.from(quota(writer).uint32(bytes(99)).string('later').finish());
}

function tag(field: number): number {
  return field << 3;
}

function bytes(field: number): number {
  return (field << 3) | 2;
}

describe('decodeStatus', () => {
  it('reads what a member says, ids exactly, and skips what it does not know', async () => {
    const answer = encode((writer) => writer.uint32(tag(12)).int64(2_147_483_648));

    expect(await decodeStatus(answer)).toEqual({
      version: '3.7.3',
      clusterId: '18446744073709551615',
      memberId: '7',
      leaderId: '9',
      revision: '42',
      sizeBytes: 1000,
      inUseBytes: 600,
      quotaBytes: 2_147_483_648,
      errors: ['memberID:7 alarm:NOSPACE ', 'no leader'],
    });
  });

  it.each([
    ['an etcd that does not tell', (writer: protobuf.Writer) => writer],
    ['an etcd without quota', (writer: protobuf.Writer) => writer.uint32(tag(12)).int64(-1)],
  ])('knows no quota of %s', async (_, quota) => {
    expect((await decodeStatus(encode(quota))).quotaBytes).toBe(0);
  });
});
