import { expect, it } from '@jest/globals';
import { checkFileNames } from './file-names.ts';

it.each([
  'src/main.ts',
  'src/controlplane/in-tenant/input.test.ts',
  'src/api/v1alpha1/crd.ts',
  'docs/decisions/0001-x509-encoder.md',
  'test/golden/kubelet-config.v1.36.yaml',
  '.github/workflows/ci.yml',
  '.ci/run',
  'README.md',
  'docs/runbooks/RootsMissing.md',
  'manifests/crds/marina.dev_datastores.yaml',
])('%s is well named', (file) => {
  expect(checkFileNames([file])).toEqual([]);
});

it.each([
  'src/dataStore.ts',
  'src/data_store.ts',
  'src/DataStore/a.ts',
  'docs/-a.md',
  'docs/a-.md',
  'Notes.md',
])('%s is not', (file) => {
  expect(checkFileNames([file])).toHaveLength(1);
});
