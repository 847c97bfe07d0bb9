import { jest } from '@jest/globals';
import { describePartitionContents } from '../../src/datastore/contents.conformance.ts';
import { etcdKind } from '../support/etcd-datastore.ts';
import { postgresKind } from '../support/postgres-datastore.ts';

jest.setTimeout(60_000);

describePartitionContents(etcdKind);
describePartitionContents(postgresKind);
