import { jest } from '@jest/globals';
import { describeDataStoreDriver } from '../../src/datastore/driver.conformance.ts';
import { postgresKind } from '../support/postgres-datastore.ts';

jest.setTimeout(60_000);

describeDataStoreDriver(postgresKind);
