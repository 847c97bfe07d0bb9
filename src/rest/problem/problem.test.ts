import { describe, expect, it } from '@jest/globals';
import { KubeError } from '../../kube/errors.ts';
import { asProblem, toPointer, toProblem } from './problem.ts';

describe('what the management cluster answers', () => {
  const refused = (message: string) =>
    asProblem(new KubeError({ code: 'Forbidden', operation: 'create x', message, status: 403 }));

  it('is passed on when it refuses the object', () => {
    const problem = toProblem(refused('exceeded quota: small, requested: count=1'));
    expect(problem).toMatchObject({ status: 403, detail: 'exceeded quota: small, requested: count=1' });
  });

  it('is Marina’s trouble when she may not do it', () => {
    const message =
      'tenantcontrolplanes.marina.dev is forbidden: User "system:serviceaccount:marina-system:marina" cannot create resource';
    expect(toProblem(refused(message))).toMatchObject({ status: 503 });
    expect(refused(message).retryAfterSeconds).toBe(5);
  });

  it('says nothing of what went wrong inside', () => {
    expect(JSON.stringify(toProblem(asProblem(new Error('secret'))))).not.toContain('secret');
  });
});

describe('a pointer', () => {
  it.each([
    ['spec.networkProfile.podCidrs[0]', '/spec/networkProfile/podCidrs/0'],
    ['metadata.name', '/name'],
    ['metadata.labels[example.com/tier]', '/labels/example.com~1tier'],
  ])('for %s is %s', (field, pointer) => {
    expect(toPointer(field)).toBe(pointer);
  });
});
