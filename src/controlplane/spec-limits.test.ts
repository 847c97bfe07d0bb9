import { expect, it } from '@jest/globals';
import { aTenant } from '../../test/support/tenant.ts';
import { outOfLimits } from './spec-limits.ts';

const nested = (levels: number): object =>
  JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as object;
const issuer = { url: 'https://a.example', audiences: ['a'] };
const claimMappings = { username: { claim: 'sub', prefix: '' } };
const deployment = (fields: object) => aTenant({ controlPlane: { deployment: fields } });

it.each([
  ['affinity', 'nested deeper', deployment({ affinity: nested(9000) })],
  ['tolerations', 'nested deeper', deployment({ tolerations: [nested(70)] })],
  ['tolerations', '1.5 is no number', deployment({ tolerations: [{ tolerationSeconds: 1.5 }] })],
  [
    'topologySpreadConstraints',
    'is no number',
    deployment({ topologySpreadConstraints: [{ maxSkew: 1e10 }] }),
  ],
])('says that %s is %s', (field, problem, tenant) => {
  expect(outOfLimits(tenant)).toMatch(`spec.controlPlane.deployment.${field}: `);
  expect(outOfLimits(tenant)).toContain(problem);
});

it('says that the authenticators do not fit into a ConfigMap', () => {
  const jwt = [{ issuer, claimMappings, more: 'x'.repeat(600_000) }];

  expect(outOfLimits(aTenant({ authentication: { jwt } }))).toBe(
    'spec.authentication.jwt: is larger than 512 KiB',
  );
});

it('has nothing against what pods can have', () => {
  const tolerations = [{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 86_400 * 365 * 100 }];

  expect(outOfLimits(deployment({ tolerations, affinity: nested(20) }))).toBeUndefined();
});
