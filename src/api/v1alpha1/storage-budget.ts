import { z } from 'zod';
import { int64, rules } from './meta.ts';
import { quantity } from './resources.ts';

/** An empty cluster takes about 1 MiB and 300 keys: with less than this it could not be born. */
const smallest = { bytes: '4Mi', objects: 500 } as const;

export const storageBudget = z
  .object({
    bytes: quantity
      .optional()
      .describe('What all objects of the cluster may take in its DataStore, e.g. `512Mi`; at least 4Mi.'),
    objects: int64
      .min(smallest.objects)
      .optional()
      .describe('How many objects there may be in the cluster; at least 500.'),
  })
  .meta(
    rules(
      {
        rule: 'has(self.bytes) || has(self.objects)',
        message: 'must have `bytes` or `objects`',
      },
      {
        rule: `!has(self.bytes) || !isQuantity(string(self.bytes)) || quantity(string(self.bytes)).compareTo(quantity('${smallest.bytes}')) >= 0`,
        message: `must be ${smallest.bytes} or more`,
        fieldPath: '.bytes',
      },
    ),
  )
  .describe(
    'How much of its DataStore this cluster may take. Over it, an admission policy inside the cluster refuses what would add to it; where that is removed, ' +
      'or does not help, the store refuses every write.',
  );

export const budgetEnforcements = ['None', 'AdmissionPolicy', 'Store'] as const;

const time = z.string().max(64).meta({ format: 'date-time' });

export const storageBudgetStatus = z
  .object({
    bytes: int64.min(0).describe('What the objects took when it last changed by much.'),
    objects: int64.min(0).describe('How many objects there were then.'),
    percent: int64.min(0).describe('Of the budget, by bytes or by objects, whichever is more.'),
    enforcement: z
      .enum(budgetEnforcements)
      .describe(
        '`None`: within the budget. `AdmissionPolicy`: the API server refuses what would add to it. `Store`: nothing can be written.',
      ),
    since: time.optional().describe('Since when it is enforced like that.'),
    policyHash: z
      .string()
      .max(64)
      .optional()
      .describe(
        'SHA-256 of the admission policy that was seen in place; when that one is changed or removed, the store refuses writes.',
      ),
    ceiling: z
      .object({
        bytes: int64.min(0).optional().describe('Of keys and values.'),
        objects: int64.min(0).optional().describe('How many.'),
      })
      .optional()
      .describe('What the objects may grow to under the admission policy before the store refuses writes.'),
    closures: int64
      .min(0)
      .optional()
      .describe('How often the store had to refuse writes since the cluster was last within its budget.'),
    reopensAt: time
      .optional()
      .describe(
        'When it can be written to again, under the admission policy, so that something can be deleted.',
      ),
    message: z.string().max(2048).optional().describe('Why the store refuses writes.'),
  })
  .describe('How much of its budget the cluster has spent, and what follows from it.');

export type StorageBudget = z.output<typeof storageBudget>;
export type StorageBudgetStatus = z.output<typeof storageBudgetStatus>;
export type BudgetEnforcement = StorageBudgetStatus['enforcement'];
