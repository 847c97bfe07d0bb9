import { z } from 'zod';
import { readParameter } from '../read.ts';

/* No two parts that follow each other may match the same text: what a stranger sends must not take longer than it is long. */
const label = '[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?';
const key = `([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,3}/)?${label}`;
const set = `[(] *(${label} *)?(, *(${label} *)?)*[)]`;
const requirement = `(! *${key} *|${key}( +(in|notin) *${set} *| *(==?|!=) *(${label} *)?| *))`;

/** Of Kubernetes (k8s.io/apimachinery pkg/labels), but for `<` and `>`. */
export const labelSelector = z
  .string()
  .min(1)
  .max(4096)
  .regex(new RegExp(`^ *${requirement}(, *${requirement})*$`), 'has to be a label selector, as of Kubernetes')
  .optional()
  .describe('As of Kubernetes, e.g. `env=prod,team!=a`.');

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Items of one page at most.'),
  cursor: z.string().min(1).max(4096).optional().describe('Where the page begins: of the one before.'),
  labelSelector,
});

export const watchQuery = z.strictObject({ labelSelector });

const wait = z.coerce.number().int().min(0).max(600).default(0);

export const createQuery = z.strictObject({
  dryRun: z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
    .default(false)
    .meta({ override: { type: 'boolean' }, description: 'Whether everything is only checked.' }),
  wait: wait.describe('Seconds to wait until it is Ready.'),
});

export const deleteQuery = z.strictObject({ wait: wait.describe('Seconds to wait until it is gone.') });

export const ifMatch = z
  .string()
  .regex(/^"[1-9][0-9]{0,18}"$/)
  .describe('ETag of what was read.');

/** What a watch goes on from. */
export const resume = z.object({
  'Last-Event-ID': z
    .string()
    .regex(/^[1-9][0-9]{0,18}$/, 'has to be the `id` of an event')
    .optional()
    .describe('`id` of the last event that was seen.'),
});

/** @throws ProblemError */
export function readLastEventId(header: string | undefined): string | undefined {
  return readParameter(resume.shape['Last-Event-ID'], 'Last-Event-ID', header);
}

/** One event of a watch. */
export const watchEvent = z
  .object({
    event: z.enum(['added', 'modified', 'deleted', 'bookmark', 'reset']),
    id: z.string().optional().describe('For `Last-Event-ID`.'),
    data: z.string().describe('JSON: what was added, modified or deleted; `{}` otherwise.'),
  })
  .meta({ id: 'WatchEvent', description: 'One event of a stream (text/event-stream).' });
