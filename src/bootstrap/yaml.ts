import { stringify } from 'yaml';

/** YAML for a ConfigMap's value. 1.1, because Go's readers take `on` and `yes` without quotes for booleans. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}
