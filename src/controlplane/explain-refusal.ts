import type { KubeError } from '../kube/errors.ts';

/** Where fields of an object of Marina's come from in the spec of a TenantControlPlane; the first that fits counts. */
export type FieldOrigins = readonly (readonly [pattern: RegExp, specField: string])[];

/**
 * The API server's own words about an object that it refuses for what it says, with the fields to change in front;
 * undefined when the error is about something else. `whole`: the field that stands for those that it does not name.
 */
export function explainRefusal(error: KubeError, origins: FieldOrigins, whole: string): string | undefined {
  const causes = error.causes.length > 0 ? error.causes : mergeCauses(error);
  if (causes.length > 0) {
    return causes.map(({ field, message }) => `${toSpecField(field, origins)}: ${message}`).join('; ');
  }
  const isRefusal = error.code === 'Invalid' || error.code === 'BadRequest' || conversion.test(error.message);
  return isRefusal ? `${whole}: ${error.message}` : undefined;
}

/** Server-side apply answers 500 for fields that there are not and values of another type (managedfields/structuredmerge.go). */
const typedPatch = /failed to create typed patch object \([^)]*\):(.*)$/s;
const conversion =
  /failed to convert new object|cannot be handled as a [A-Z]\w+:|failed to create typed patch object/;

function mergeCauses({ message }: KubeError): readonly { field: string; message: string }[] {
  const [, list = ''] = typedPatch.exec(message) ?? [];
  return list.split('\n').flatMap((line) => {
    const [, field, problem] = /^\s*\.([^\s:]+): (.+)$/.exec(line) ?? [];
    return field && problem ? [{ field, message: problem }] : [];
  });
}

function toSpecField(field: string, origins: FieldOrigins): string {
  for (const [pattern, origin] of origins) {
    if (pattern.test(field)) return field.replace(pattern, origin);
  }
  return field;
}
