import { z } from 'zod';
import { rules } from './meta.ts';

/** core/v1 Toleration, as ValidateTolerations takes it (pkg/apis/core/validation). */
export const toleration = z
  .object({
    key: z
      .string()
      .max(317)
      .optional()
      .meta(
        rules({
          rule: "self == '' || !format.qualifiedName().validate(self).hasValue()",
          message: 'must be a qualified name, `prefix/name` or `name`',
        }),
      )
      .describe('Key of the taint; left out, with `Exists`: all taints.'),
    operator: z
      .enum(['Exists', 'Equal', 'Lt', 'Gt'])
      .optional()
      .describe('How `value` relates to the taint’s; left out: `Equal`.'),
    value: z
      .string()
      .max(63)
      .optional()
      .meta(
        rules({
          rule: '!format.labelValue().validate(self).hasValue()',
          message: 'must be a label value',
        }),
      )
      .describe('Value of the taint.'),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .optional()
      .describe('Effect of the taint; left out: every one.'),
    tolerationSeconds: z
      .int()
      .optional()
      .describe('With `NoExecute`: how long the pod stays; left out: for ever.'),
  })
  .meta(
    rules(
      {
        rule: "has(self.key) && self.key != '' || has(self.operator) && self.operator == 'Exists'",
        message: 'must be Exists where there is no key',
        fieldPath: '.operator',
      },
      {
        rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
        message: 'has no place with Exists',
        fieldPath: '.value',
      },
      {
        rule: "!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'",
        message: 'must be NoExecute with tolerationSeconds',
        fieldPath: '.effect',
      },
    ),
  );
