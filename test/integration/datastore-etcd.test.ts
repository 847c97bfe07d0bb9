import { jest } from '@jest/globals';
import { describeDataStoreDriver } from '../../src/datastore/driver.conformance.ts';
import { etcdKind } from '../support/etcd-datastore.ts';

jest.setTimeout(60_000);

describeDataStoreDriver(etcdKind);
