import { describe, expect, test } from '@jest/globals';
import { customResourceDefinitions, kinds, objectSchema } from './crd.ts';
import type { StructuralSchema } from './structural-schema.ts';

const schemas = kinds.map((kind) => [kind.resource.kind, objectSchema(kind)] as const);

describe('customResourceDefinitions', () => {
  test('defines each kind, with status and, for control planes, scale', () => {
    const summaries = customResourceDefinitions().map(({ metadata, spec }) => ({
      name: metadata?.name,
      scope: spec.scope,
      shortNames: spec.names.shortNames,
      subresources: Object.keys(spec.versions[0]?.subresources ?? {}),
    }));

    expect(summaries).toEqual([
      {
        name: 'tenantcontrolplanes.marina.dev',
        scope: 'Namespaced',
        shortNames: ['tcp'],
        subresources: ['status', 'scale'],
      },
      { name: 'datastores.marina.dev', scope: 'Cluster', shortNames: ['mds'], subresources: ['status'] },
      { name: 'backupstorages.marina.dev', scope: 'Cluster', shortNames: ['bst'], subresources: ['status'] },
      {
        name: 'tenantbackups.marina.dev',
        scope: 'Namespaced',
        shortNames: ['tbk'],
        subresources: ['status'],
      },
      {
        name: 'tenantrestores.marina.dev',
        scope: 'Namespaced',
        shortNames: ['trs'],
        subresources: ['status'],
      },
      {
        name: 'tenantkubeconfigs.marina.dev',
        scope: 'Namespaced',
        shortNames: ['tkc'],
        subresources: ['status'],
      },
      {
        name: 'kubeconfigtemplates.marina.dev',
        scope: 'Namespaced',
        shortNames: ['kct'],
        subresources: ['status'],
      },
      {
        name: 'controlplaneclasses.marina.dev',
        scope: 'Cluster',
        shortNames: ['cpc'],
        subresources: ['status'],
      },
      {
        name: 'controlplanequotas.marina.dev',
        scope: 'Namespaced',
        shortNames: ['cpq'],
        subresources: ['status'],
      },
    ]);
  });

  test('takes no short name that kubectl knows already', () => {
    const taken = [
      'cm',
      'cr',
      'crd',
      'cs',
      'csr',
      'deploy',
      'ds',
      'ep',
      'ev',
      'hpa',
      'ing',
      'limits',
      'netpol',
      'no',
      'ns',
      'pc',
      'pdb',
      'po',
      'pv',
      'pvc',
      'quota',
      'rc',
      'rs',
      'sa',
      'sc',
      'sts',
      'svc',
      'vap',
      'va',
    ];
    const ours = kinds.flatMap((kind) => kind.shortNames);
    expect(ours.filter((name) => taken.includes(name))).toEqual([]);
  });

  test.each(schemas)('%s: every string, list and map of the spec has a maximum', (_kind, schema) => {
    expect(
      fields('spec', schema.properties?.['spec'])
        .filter(([, field]) => isUnbounded(field))
        .map(([path]) => path),
    ).toEqual([]);
  });

  test.each(schemas)('%s: every field says what it is for', (_kind, schema) => {
    const { spec, status } = schema.properties ?? {};
    const all = [...fields('spec', spec), ...fields('status', status)];
    const silent = all.filter(([path, field]) => /[.][^.\]*]+$/.test(path) && !field.description);
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  test.each(schemas)('%s: every rule has a message', (_kind, schema) => {
    const rules = fields('', schema).flatMap(([, field]) => field['x-kubernetes-validations'] ?? []);
    expect(rules.length).toBeGreaterThan(0);
    expect(rules.filter((rule) => !rule.message)).toEqual([]);
  });

  test('fields that other parts are named or laid out by are immutable, and none of them can be removed', () => {
    const spec = (kind: string) => schemas.find(([name]) => name === kind)?.[1].properties?.['spec'];
    const immutable = (path: string, schema: StructuralSchema | undefined): string[] =>
      Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
        const staysThere = field.default !== undefined || schema?.required?.includes(name);
        const isImmutable = field['x-kubernetes-validations']?.some(({ rule }) => rule === 'self == oldSelf');
        return [
          ...(isImmutable && staysThere ? [`${path}.${name}`] : []),
          ...immutable(`${path}.${name}`, field),
        ];
      });

    expect(immutable('spec', spec('TenantControlPlane'))).toEqual([
      'spec.networkProfile.serviceCidrs',
      'spec.networkProfile.podCidrs',
      'spec.networkProfile.clusterDomain',
      'spec.networkProfile.dnsServiceIPs',
      'spec.certificates.keyAlgorithm',
    ]);
    expect(immutable('spec', spec('DataStore'))).toEqual(['spec.driver']);
  });

  test.each(schemas)('%s: no rule is about a default that is not filled in yet', (_kind, schema) => {
    // The CRD's own validation tests `default: {}` as it stands: a rule on it must ask for optional fields with has().
    const unguarded = fields('', schema).flatMap(([path, field]) =>
      field.default === undefined || !field.properties
        ? []
        : (field['x-kubernetes-validations'] ?? [])
            .filter(({ rule }) => !rule.includes('oldSelf'))
            .flatMap(({ rule }) =>
              [...rule.matchAll(/self\.(\w+)/g)].filter(([, name]) => !rule.includes(`has(self.${name})`)),
            )
            .map(([use]) => `${path}: ${use}`),
    );
    expect(unguarded).toEqual([]);
  });
});

function fields(path: string, schema: StructuralSchema | undefined): [string, StructuralSchema][] {
  if (!schema) return [];
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    fields(`${path}.${name}`, field),
  );
  return [
    [path, schema],
    ...below,
    ...fields(`${path}[]`, schema.items),
    ...fields(`${path}.*`, schema.additionalProperties),
  ];
}

function isUnbounded(field: StructuralSchema): boolean {
  if (field.type === 'string') return field.maxLength === undefined && !field.enum;
  if (field.type === 'array') return field.maxItems === undefined;
  return field.additionalProperties !== undefined && field.maxProperties === undefined;
}
