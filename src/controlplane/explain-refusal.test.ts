import { describe, expect, it } from '@jest/globals';
import { KubeError, type KubeErrorCode } from '../kube/errors.ts';
import { explainInvalidDeployment } from './deployment/explain-invalid.ts';
import { explainInvalidService } from './service/explain-invalid.ts';

function refusal(code: KubeErrorCode, message: string, causes: KubeError['causes'] = []): KubeError {
  return new KubeError({ code, operation: 'apply Deployment marina-tenants/x', message, causes });
}

describe('explainInvalidDeployment', () => {
  it.each([
    ['spec.template.spec.tolerations[0].operator', 'spec.controlPlane.deployment.tolerations[0].operator'],
    [
      'spec.template.spec.containers[1].resources.limits[cpu]',
      'spec.controlPlane.deployment.resources.controllerManager.limits[cpu]',
    ],
    ['spec.template.spec.containers[2].args[9]', 'spec.controlPlane.deployment.extraArgs.scheduler'],
    ['spec.template.spec.containers[0].image', 'spec.controlPlane.deployment.registrySettings'],
    ['spec.template.annotations[a]', 'spec.controlPlane.deployment.podAdditionalMetadata.annotations[a]'],
    ['metadata.annotations', 'spec.controlPlane.deployment.additionalMetadata.annotations'],
  ])('says that %s comes from %s', (field, specField) => {
    expect(explainInvalidDeployment(refusal('Invalid', 'invalid', [{ field, message: 'is wrong' }]))).toBe(
      `${specField}: is wrong`,
    );
  });

  it('reads what server-side apply says about fields that there are not, and calls an internal error', () => {
    const message =
      'failed to create typed patch object (marina-tenants/x; apps/v1, Kind=Deployment): errors:\n' +
      '  .spec.template.spec.tolerations[0].unknown: field not declared in schema\n' +
      '  .spec.template.spec.imagePullSecrets: duplicate entries for key [name="a"]';

    expect(explainInvalidDeployment(refusal('InternalError', message))).toBe(
      'spec.controlPlane.deployment.tolerations[0].unknown: field not declared in schema; ' +
        'spec.controlPlane.deployment.imagePullSecrets: duplicate entries for key [name="a"]',
    );
  });

  it('names the whole when the API server names no field', () => {
    const message =
      'failed to convert new object (marina-tenants/x; apps/v1, Kind=Deployment) to proper version: cannot unmarshal';

    expect(explainInvalidDeployment(refusal('InternalError', message))).toContain(
      'spec.controlPlane.deployment: ',
    );
  });

  it('has nothing to say about failures that are nobody’s spec', () => {
    expect(explainInvalidDeployment(refusal('InternalError', 'etcdserver: leader changed'))).toBeUndefined();
    expect(explainInvalidDeployment(refusal('Forbidden', 'exceeded quota'))).toBeUndefined();
  });
});

describe('explainInvalidService', () => {
  it('says which port to choose another for', () => {
    const causes = [
      {
        field: 'spec.ports[0].nodePort',
        message: 'Invalid value: 80: provided port is not in the valid range',
      },
    ];

    expect(explainInvalidService(refusal('Invalid', 'invalid', causes))).toBe(
      'spec.networkProfile.port: Invalid value: 80: provided port is not in the valid range',
    );
  });
});
