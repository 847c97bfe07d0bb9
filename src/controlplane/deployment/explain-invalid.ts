import type { KubeError } from '../../kube/errors.ts';
import { explainRefusal, type FieldOrigins } from '../explain-refusal.ts';

const deployment = 'spec.controlPlane.deployment';

const origins: FieldOrigins = [
  ...(['apiServer', 'controllerManager', 'scheduler'] as const).flatMap((program, index) => {
    const container = `^spec\\.template\\.spec\\.containers\\[${index}\\]`;
    return [
      [new RegExp(`${container}\\.resources`), `${deployment}.resources.${program}`],
      [new RegExp(`${container}\\.args.*`), `${deployment}.extraArgs.${program}`],
      [new RegExp(`${container}\\.image`), `${deployment}.registrySettings`],
    ] as const;
  }),
  // Some checks of pod annotations leave metadata out of the path.
  [/^spec\.template(\.metadata)?(?=\.(annotations|labels))/, `${deployment}.podAdditionalMetadata`],
  [/^metadata/, `${deployment}.additionalMetadata`],
  [/^spec\.template\.spec/, deployment],
];

/** What the API server says against the Deployment, as a message about the spec; undefined when it fails otherwise. */
export function explainInvalidDeployment(error: KubeError): string | undefined {
  return explainRefusal(error, origins, deployment);
}
