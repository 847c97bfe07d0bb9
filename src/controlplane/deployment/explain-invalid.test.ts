import { describe, expect, it } from '@jest/globals';
import { KubeError } from '../../kube/errors.ts';
import { explainInvalidDeployment } from './explain-invalid.ts';

describe('explainInvalidDeployment', () => {
  it('names the field of the TenantControlPlane that has to change', () => {
    const error = new KubeError({
      code: 'Invalid',
      operation: 'apply Deployment marina-tenants/x',
      message: 'invalid',
      causes: [
        { field: 'spec.template.spec.tolerations[0].operator', message: 'Unsupported value: "Maybe"' },
        {
          field: 'spec.template.spec.containers[1].resources.limits[cpu]',
          message: 'must be greater than 0',
        },
      ],
    });

    expect(explainInvalidDeployment(error)).toBe(
      'spec.controlPlane.deployment.tolerations[0].operator: Unsupported value: "Maybe"; ' +
        'spec.controlPlane.deployment.resources.controllerManager.limits[cpu]: must be greater than 0',
    );
  });
});
