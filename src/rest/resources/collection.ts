import type { Kind } from '../../api/v1alpha1/crd.ts';
import { kinds } from '../../api/v1alpha1/crd.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Served } from './custom-resources.ts';
import { schemasOf } from './representation.ts';

/** One kind of custom resource under `/v1`. */
export interface Collection extends Served {
  readonly kind: Kind;
  /** Its name in OpenAPI, e.g. `ControlPlane`. */
  readonly id: string;
  /** Last part of its path, e.g. `controlplanes`. */
  readonly path: string;
  readonly schemas: ReturnType<typeof schemasOf>;
}

/** `noun`: what people call one of it. */
export function collection(resource: Resource, id: string, noun: string): Collection {
  const kind = kinds.find((each) => each.resource === resource);
  if (!kind) throw new Error(`${resource.kind} is no kind of Marina's`);
  return {
    resource,
    kind,
    id,
    noun,
    path: plural(id).toLowerCase(),
    schemas: schemasOf(kind, id),
  };
}

/** e.g. `control planes`, `classes`. */
export function plural(word: string): string {
  return word.endsWith('s') ? `${word}es` : `${word}s`;
}
