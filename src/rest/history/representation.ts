import { z } from 'zod';
import type { Event } from '../../kube/resources.ts';

const time = z.string().meta({ format: 'date-time' });

export const event = z
  .object({
    type: z.string().describe('`Normal` or `Warning`.'),
    reason: z.string().describe('One word for machines.'),
    message: z.string(),
    count: z.int().min(0),
    firstAt: time.optional(),
    lastAt: time.optional(),
    source: z.string().optional().describe('Who says so.'),
  })
  .meta({ id: 'Event' });

export const eventList = z.object({ items: z.array(event) }).meta({ id: 'EventList' });

export const timeline = z
  .object({
    items: z.array(
      z.object({
        step: z.string().describe('What was reached.'),
        time,
        milliseconds: z.int().min(0).describe('Since it was made.'),
      }),
    ),
    conditions: z.array(z.record(z.string(), z.unknown())).describe('What holds now, as metav1.Condition.'),
  })
  .meta({ id: 'Timeline' });

export function showEvent(found: Event): z.output<typeof event> {
  const {
    type = 'Normal',
    reason = '',
    message = '',
    count,
    firstTimestamp,
    lastTimestamp,
    eventTime,
    source,
  } = found;
  const firstAt = firstTimestamp ?? eventTime;
  const lastAt = lastTimestamp ?? firstAt;
  return {
    type,
    reason,
    message,
    count: count ?? 1,
    ...(firstAt && { firstAt }),
    ...(lastAt && { lastAt }),
    ...((found.reportingComponent || source?.component) && {
      source: found.reportingComponent || source?.component,
    }),
  };
}
