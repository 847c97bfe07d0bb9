import { describe, expect, it } from '@jest/globals';
import { aKubeconfig } from '../../test/support/kubeconfigs.ts';
import { buildBindings, buildSecret, subjectOf } from './build.ts';
import { kubeconfigId, ownGroup, secretNameOf } from './names.ts';
import { straysIn } from './stray-search.ts';

const viewer = aKubeconfig({ clusterRole: 'view' });

describe('what is made for a TenantKubeconfig', () => {
  it('is bound to a group that nobody else is in', () => {
    expect(buildBindings(viewer)).toEqual([
      {
        metadata: { name: ownGroup(viewer), labels: expect.any(Object) },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: ownGroup(viewer) }],
      },
    ]);
    expect(subjectOf(viewer).organizations).toContain(ownGroup(viewer));
    const namesake = aKubeconfig({ clusterRole: 'view' }, { uid: '5f0c9a4e-2d39-4f0e-9a53-3b8c4b6f7a10' });
    expect(ownGroup(namesake)).not.toBe(ownGroup(viewer));
  });

  it('is bound in its namespaces where there are any, and not at all without a role', () => {
    const inTwo = buildBindings(aKubeconfig({ clusterRole: 'view', namespaces: ['a', 'b'] }));
    expect(inTwo.map(({ metadata }) => metadata?.namespace)).toEqual(['a', 'b']);
    expect(buildBindings(aKubeconfig())).toEqual([]);
  });

  it('is a Secret that goes with its owner', () => {
    const { metadata, type, data } = buildSecret(viewer, 'file');
    expect(metadata).toMatchObject({
      name: 'ci-kubeconfig',
      namespace: 'team-a',
      labels: {
        'app.kubernetes.io/managed-by': 'marina',
        'app.kubernetes.io/component': 'tenant-kubeconfig',
      },
      ownerReferences: [
        { kind: 'TenantKubeconfig', name: 'ci', uid: viewer.metadata?.uid, controller: true },
      ],
    });
    expect([type, data]).toEqual(['Opaque', { kubeconfig: 'ZmlsZQ==' }]);
    expect(secretNameOf(aKubeconfig({ secretName: 'other-kubeconfig' }))).toBe('other-kubeconfig');
  });
});

describe('bindings that came out of an archive', () => {
  it('are strays unless they are of a kubeconfig that is there', () => {
    const known = buildBindings(viewer)[0] ?? {};
    const stray = { metadata: { name: 'marina:kubeconfig:kgone' } };
    const theirs = { metadata: { name: 'of-the-tenant' } };
    expect(straysIn([known, stray, theirs], [viewer])).toEqual([stray]);
    expect(straysIn([known], [])).toEqual([known]);
    expect(kubeconfigId(viewer)).toMatch(/^k[a-z2-7]{26}$/);
  });
});
