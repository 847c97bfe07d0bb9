import { describe, expect, it } from '@jest/globals';
import { aClass } from '../../../test/support/control-plane-class.ts';
import { withDefaults, type TenantControlPlaneSpecInput } from '../../../test/support/defaults.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import type {
  TenantControlPlane,
  TenantControlPlaneStatus,
} from '../../api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../class/complete.ts';
import { askedFor, effectiveTenant } from '../class/effective.ts';
import { takeClass } from '../class/in-force.ts';
import { buildDeployment } from '../deployment/build.ts';
import { tenantNames } from '../names.ts';
import { buildService } from '../service/build.ts';
import type { Hard } from './amounts.ts';
import { claimOf } from './claim.ts';
import { type AdmissionFacts, decideAdmission } from './decide.ts';

const now = new Date('2026-11-21T08:00:00Z');
const sizes = {
  default: 'small',
  offered: [{ name: 'small' }, { name: 'large', resources: { apiServer: { requests: { cpu: '1' } } } }],
};
const standard = aClass({ sizes, replicas: { max: 3 } });
const born = {
  timeline: [{ step: 'PartitionReady', time: '2026-11-21T08:00:00Z', milliseconds: 1 }],
} as const;

/** DataStore `default` is there, and has no labels. */
const labelsOf = (name: string) => (name === 'default' ? {} : undefined);

function tenantOf(
  spec: Partial<TenantControlPlaneSpecInput> = {},
  status?: Partial<TenantControlPlaneStatus>,
): TenantControlPlane {
  const { metadata } = aTenant();
  const tenant = { metadata, spec: withDefaults({ dataStore: 'default', ...spec }) };
  return status ? { ...tenant, status: { ...status } } : tenant;
}

const inClass = (
  spec: Partial<TenantControlPlaneSpecInput> = {},
  status?: Partial<TenantControlPlaneStatus>,
) => tenantOf({ className: 'standard', ...spec }, status);

function decide(tenant: TenantControlPlane, facts: Partial<AdmissionFacts> = {}) {
  const { hard, newest = tenant.spec.className === undefined ? undefined : standard } = facts;
  const claims = () => [claimOf(tenant, { newest, hard: hard ?? {}, labelsOf })];
  return decideAdmission({ tenant, newest, hard, claims, labelsOf, now, ...facts });
}

/** Of a control plane that has been let in as it is. */
function letIn(
  spec: Partial<TenantControlPlaneSpecInput> = {},
  hard?: Hard,
): Partial<TenantControlPlaneStatus> {
  const { class: inForce, admitted } = decide(inClass(spec), { hard });
  return {
    ...born,
    timeline: [...born.timeline],
    ...(inForce && { class: inForce }),
    ...(admitted && { admitted }),
  };
}

describe('decideAdmission', () => {
  it('has nothing to say without class and quota', () => {
    expect(decide(tenantOf({ kubernetes: { version: 'v1.36.3' } }))).toEqual({});
  });

  it('lets a new control plane in with the newest of its class', () => {
    const outcome = decide(inClass({ size: 'large' }));

    expect(outcome).toMatchObject({
      class: { name: 'standard', generation: 1, takenAt: '2026-11-21T08:00:00Z' },
      admitted: { version: 'v1.36.3', replicas: 1, resources: { apiServer: { requests: { cpu: '1' } } } },
      classApplied: { state: 'Done' },
    });
    expect(outcome.class?.settings).not.toHaveProperty('rollout');
  });

  it('holds a new one that asks for what is not offered, and takes no class for it', () => {
    const outcome = decide(inClass({ size: 'huge' }));
    expect(outcome.held).toMatchObject({ state: 'Failed', reason: 'OutsideClass' });
    expect(outcome.class).toBeUndefined();
    expect(outcome.admitted).toBeUndefined();
  });

  it('holds a new one whose class is not there', () => {
    const tenant = inClass();
    const claims = () => [];
    const facts = { tenant, newest: undefined, hard: undefined, claims, labelsOf, now };
    expect(decideAdmission(facts).held).toMatchObject({ reason: 'ClassNotFound' });
  });

  it('lets one go on whose class is not there any more', () => {
    const status = letIn();
    const tenant = inClass({}, status);
    const outcome = decideAdmission({
      tenant,
      newest: undefined,
      hard: undefined,
      claims: () => [],
      labelsOf,
      now,
    });
    expect(outcome).toMatchObject({ class: status.class, admitted: status.admitted });
    expect(outcome.held).toBeUndefined();
    expect(outcome.classApplied).toMatchObject({ reason: 'ClassNotFound' });
  });

  it('keeps one what it was when an edit goes beyond its class', () => {
    const status = letIn();
    const outcome = decide(inClass({ controlPlane: { deployment: { replicas: 9 } } }, status));
    expect(outcome).toMatchObject({ class: status.class, admitted: status.admitted });
    expect(outcome.held).toBeUndefined();
    expect(outcome.classApplied).toMatchObject({ reason: 'OutsideClass' });
  });

  it('leaves the newest generation to the rollout, and tells when it cannot be taken', () => {
    const status = letIn({ size: 'large' });
    const tenant = inClass({ size: 'large' }, status);
    const fitting = aClass({ sizes, replicas: { max: 2 } }, 2);
    const unfit = aClass({ sizes: { ...sizes, offered: sizes.offered.slice(0, 1) } }, 2);

    expect(decide(tenant, { newest: fitting })).toMatchObject({
      class: { generation: 1 },
      classApplied: { state: 'Done' },
    });
    const outcome = decide(tenant, { newest: unfit });
    expect(outcome).toMatchObject({ class: { generation: 1 }, admitted: status.admitted });
    expect(outcome.classApplied).toMatchObject({
      reason: 'OutsideClass',
      message: expect.stringContaining('Generation 2'),
    });
  });

  it('holds a new one that names a store that is not for its class, and leaves one where it is', () => {
    const newest = aClass({
      sizes,
      replicas: { max: 3 },
      dataStoreSelector: { matchLabels: { tier: 'gold' } },
    });
    expect(decide(inClass(), { newest }).held).toMatchObject({
      reason: 'OutsideClass',
      message: expect.stringContaining('spec.dataStore'),
    });
    expect(decide(inClass({ dataStore: undefined }), { newest }).held).toBeUndefined();
    const settled = inClass({ kubernetes: { version: 'v1.36.3' } }, { timeline: [...born.timeline] });
    expect(decide(settled, { newest }).admitted).toBeDefined();
  });

  it('holds a new one that its quota has no room for', () => {
    const outcome = decide(inClass(), { hard: { cpu: 10 } });
    expect(outcome.held).toMatchObject({ reason: 'QuotaExceeded' });
    expect(outcome.admitted).toBeUndefined();
    expect(outcome.class).toBeUndefined();
  });

  it('keeps one at its size when there is no room to grow, and lets the rest of the change through', () => {
    const hard = { cpu: 30 };
    const status = letIn({}, hard);
    const change = {
      controlPlane: { deployment: { replicas: 2 }, service: { serviceType: 'NodePort' as const } },
    };
    const outcome = decide(inClass(change, status), { hard });

    expect(outcome.admitted).toMatchObject({ replicas: 1, serviceType: 'NodePort' });
    expect(outcome.withinQuota).toMatchObject({ reason: 'QuotaExceeded' });
    expect(outcome.held).toBeUndefined();
  });

  it('lets one that was born before there was a quota be what it is, however little there is', () => {
    const outcome = decide(
      tenantOf({ kubernetes: { version: 'v1.36.3' } }, { ...born, timeline: [...born.timeline] }),
      {
        hard: { controlPlanes: 0, storageBytes: 0 },
      },
    );
    expect(outcome).toMatchObject({ admitted: { replicas: 1 }, withinQuota: { state: 'Done' } });
  });

  it('wants a storage budget where storage is limited, and does not let it be taken away', () => {
    const hard = { storageBytes: 2 ** 30 };
    expect(decide(inClass(), { hard }).held).toMatchObject({
      message: expect.stringContaining('spec.storageBudget.bytes'),
    });

    const status = letIn({ storageBudget: { bytes: '512Mi' } }, hard);
    const outcome = decide(inClass({}, status), { hard });
    expect(outcome.admitted?.storageBudget).toEqual({ bytes: '512Mi' });
    expect(outcome.withinQuota).toMatchObject({ reason: 'QuotaExceeded' });
  });

  describe('of one that runs, and was never let in', () => {
    const running = tenantOf({ kubernetes: { version: 'v1.36.3' } });
    const names = tenantNames(running, 'marina-tenants');
    const input = {
      store: { driver: 'etcd', endpoints: [], partition: '', readAtStart: [] },
      kineImage: '',
      startupFilesHash: '',
    } as const;
    const made = {
      deployment: buildDeployment({ ...running, spec: completeSpec(running.spec) }, names, input),
      service: buildService(running, names),
    };
    const status = { timeline: [...born.timeline], version: 'v1.36.3' };
    const absent = { newest: undefined, labelsOf, now, claims: () => [] };

    it('holds on to what runs when its class is not there, whatever is edited', () => {
      const edited = tenantOf(
        {
          className: 'typo',
          kubernetes: {},
          storageBudget: { bytes: '1Gi' },
          controlPlane: { deployment: { replicas: 9 }, service: { serviceType: 'NodePort' } },
        },
        status,
      );
      const outcome = decideAdmission({ ...absent, tenant: edited, hard: undefined, made });

      expect(outcome.held).toBeUndefined();
      expect(outcome.admitted).toMatchObject({
        version: 'v1.36.3',
        replicas: 1,
        resources: { apiServer: { requests: { cpu: '20m', memory: '100Mi' } } },
        serviceType: 'LoadBalancer',
      });
      const kept = effectiveTenant({ ...edited, status: { ...status, admitted: outcome.admitted } });
      expect(buildDeployment(kept, names, input).spec).toEqual(made.deployment.spec);
    });

    it('knows its version from the status where the Deployment is gone', () => {
      const edited = tenantOf({ className: 'typo', kubernetes: {} }, status);
      const outcome = decideAdmission({ ...absent, tenant: edited, hard: undefined });
      expect(outcome.admitted?.version).toBe('v1.36.3');
    });

    it('makes nothing of one of which nothing tells the version', () => {
      const edited = tenantOf({ className: 'typo', kubernetes: {} }, { timeline: [...born.timeline] });
      const outcome = decideAdmission({ ...absent, tenant: edited, hard: undefined });
      expect(outcome).toMatchObject({ held: { reason: 'ClassNotFound' } });
      expect(outcome.admitted).toBeUndefined();
    });

    it('is not taken down, or past a minor version, by the default of its class', () => {
      for (const version of ['v1.35.9', 'v1.38.1']) {
        const newest = aClass({ versions: { offered: [version], default: version } });
        const edited = inClass({ kubernetes: {} }, status);
        const outcome = decide(edited, { newest, made });
        expect(outcome).toMatchObject({
          admitted: { version: 'v1.36.3' },
          classApplied: { state: 'Failed' },
        });
      }
    });

    it('is counted by a quota that comes after a class that is not there', () => {
      const edited = tenantOf({ className: 'nope', kubernetes: {} }, status);
      const hard = { cpu: 1000 };
      const { admitted } = decideAdmission({ ...absent, tenant: edited, hard, made });
      const greedy = tenantOf(
        { className: 'nope', kubernetes: {}, controlPlane: { deployment: { replicas: 9 } } },
        { ...status, ...(admitted && { admitted }) },
      );
      expect(decideAdmission({ ...absent, tenant: greedy, hard }).admitted?.replicas).toBe(1);
      expect(claimOf(greedy, { newest: undefined, hard, labelsOf }).holds?.cpu).toBe(30);
    });

    it('holds what runs of a quota, not what is asked for', () => {
      const greedy = tenantOf(
        { kubernetes: { version: 'v1.36.3' }, controlPlane: { deployment: { replicas: 9 } } },
        status,
      );
      const hard = { cpu: 40 };
      const claims = () => [claimOf(greedy, { newest: undefined, hard, labelsOf, made })];
      const outcome = decideAdmission({ ...absent, tenant: greedy, hard, made, claims });
      expect(outcome).toMatchObject({ admitted: { replicas: 1 }, withinQuota: { reason: 'QuotaExceeded' } });
    });
  });

  it('keeps a load balancer as shut as it was last, when another type is refused', () => {
    const own = { serviceType: 'LoadBalancer' as const, allocateLoadBalancerNodePorts: false };
    const wide = letIn({ controlPlane: { service: { ...own, loadBalancerSourceRanges: ['10.0.0.0/8'] } } });
    const narrower = inClass(
      {
        controlPlane: {
          deployment: { replicas: 9 },
          service: { ...own, loadBalancerSourceRanges: ['10.1.0.0/16'] },
        },
      },
      wide,
    );
    const { admitted } = decide(narrower);
    const refusing = takeClass(aClass({ sizes, limits: { serviceTypes: ['LoadBalancer'] } }), now);
    const node = inClass(
      { controlPlane: { service: { serviceType: 'NodePort' } } },
      { ...wide, class: refusing, ...(admitted && { admitted }) },
    );
    const outcome = decide(node);

    expect(outcome.classApplied).toMatchObject({ reason: 'OutsideClass' });
    const kept = effectiveTenant({ ...node, status: { ...node.status, admitted: outcome.admitted } });
    expect(kept.spec.controlPlane.service).toEqual({
      ...own,
      loadBalancerSourceRanges: ['10.1.0.0/16'],
    });
  });

  it('says of which class and size it is what was let in', () => {
    expect(decide(inClass()).admitted).toMatchObject({ className: 'standard', size: 'small' });
    const status = letIn({}, { cpu: 30 });
    const growing = decide(inClass({ size: 'large' }, status), { hard: { cpu: 30 } });
    expect(growing).toMatchObject({ admitted: { className: 'standard', size: 'small' }, isShort: true });
  });

  it('holds a new one that names a store that is not there, where the class selects stores', () => {
    const newest = aClass({ sizes, dataStoreSelector: { matchLabels: { tier: 'gold' } } });
    expect(decide(inClass({ dataStore: 'later' }), { newest }).held).toMatchObject({
      message: expect.stringContaining('later is not there'),
    });
  });

  it('forgets what it let in when there is nothing any more that would have to', () => {
    const admitted = askedFor(aTenant().spec);
    expect(decide(tenantOf({ kubernetes: { version: 'v1.36.3' } }, { admitted }))).toEqual({});
  });
});

describe('claimOf', () => {
  it('asks for nothing while a control plane is deleted, and holds what it has', () => {
    const tenant = inClass({}, letIn());
    const going = { ...tenant, metadata: { ...tenant.metadata, deletionTimestamp: '2026-11-21T09:00:00Z' } };
    const claim = claimOf(going, { newest: standard, hard: {}, labelsOf });
    expect(claim.holds).toMatchObject({ controlPlanes: 1 });
    expect(claim).not.toHaveProperty('wants');
  });

  it('counts what is being given just now', () => {
    const onItsWay = takeAdmitted();
    expect(claimOf(inClass(), { newest: standard, hard: {}, labelsOf, onItsWay }).holds?.controlPlanes).toBe(
      1,
    );
  });
});

describe('takeClass', () => {
  it('is about the class as it is', () => {
    expect(takeClass(standard, now)).toMatchObject({ uid: standard.metadata?.uid, generation: 1 });
  });
});

function takeAdmitted() {
  const { admitted } = decide(inClass());
  if (!admitted) throw new Error('not let in');
  return admitted;
}
