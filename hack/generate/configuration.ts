import { z } from 'zod';
import { environment } from '../../src/config/config.ts';
import { code, table } from './markdown.ts';

interface JsonProperty {
  readonly description?: string;
  readonly default?: unknown;
}

/** The table of environment variables that Marina's process reads. */
export function configurationPage(): string {
  const schema = z.toJSONSchema(environment, { io: 'input' }) as {
    readonly properties: Readonly<Record<string, JsonProperty>>;
  };
  const rows = Object.entries(schema.properties).map(([name, property]) => [
    code(name),
    property.default === undefined ? '' : code(JSON.stringify(property.default)),
    property.description ?? '',
  ]);
  return [
    'Marina is configured by environment variables of its process. A wrong one stops the start and is named.',
    table(['Variable', 'Default', 'Meaning'], rows),
  ].join('\n\n');
}
