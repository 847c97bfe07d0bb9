import type { z } from 'zod';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type ControlPlaneClass, controlPlaneClassSpec } from '../../src/api/v1alpha1/control-plane-class.ts';

type Input = z.input<typeof controlPlaneClassSpec>;

/** Class `standard`, generation 1, of v1.36.3 and nothing else, with every default; `spec` is what the test is about. */
export function aClass(spec: Partial<Input> = {}, generation = 1): ControlPlaneClass {
  return {
    apiVersion,
    kind: 'ControlPlaneClass',
    metadata: { name: 'standard', uid: '0d5b6a54-6c55-4b1e-9d0a-0f3f9f1c2a77', generation },
    spec: controlPlaneClassSpec.parse({
      versions: { offered: ['v1.36.3'], default: 'v1.36.3' },
      ...spec,
    }),
  };
}
