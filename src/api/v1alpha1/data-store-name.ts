import { z } from 'zod';
import { dnsLabelPattern } from './meta.ts';

/** Where a control plane is, or is to be. */
export const dataStoreName = z
  .string()
  .min(1)
  .max(63)
  .regex(new RegExp(dnsLabelPattern))
  .describe(
    'Name of the DataStore that keeps the state of this cluster; left out, Marina chooses one and writes its name here. Another name moves the state there.',
  );

/** Of the object around it: a rule of the field itself is not asked when the field goes. */
export const storeStays = {
  rule: '!has(oldSelf.dataStore) || has(self.dataStore)',
  message: 'cannot be taken away',
  fieldPath: '.dataStore',
  reason: 'FieldValueForbidden',
} as const;
