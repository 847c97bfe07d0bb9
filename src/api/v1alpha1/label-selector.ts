import { z } from 'zod';
import { labels, rules } from './meta.ts';

const expression = z
  .object({
    key: z
      .string()
      .min(1)
      .max(317)
      .meta(
        rules({
          rule: '!format.qualifiedName().validate(self).hasValue()',
          message: 'must be a qualified name, `prefix/name` or `name`',
        }),
      )
      .describe('Key of the label.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .describe('How the label relates to `values`.'),
    values: z
      .array(z.string().max(63))
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('For `In` and `NotIn` only.'),
  })
  .meta(
    rules({
      rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: 'In and NotIn need values, Exists and DoesNotExist take none',
      fieldPath: '.values',
    }),
  );

/** metav1.LabelSelector. */
export const labelSelector = z.object({
  matchLabels: labels.optional().describe('Labels that there have to be.'),
  matchExpressions: z
    .array(expression)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('What else has to hold of the labels; all of it.'),
});

export type LabelSelector = z.output<typeof labelSelector>;
