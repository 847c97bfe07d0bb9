import { z } from 'zod';
import { rules } from './meta.ts';

/** Kubernetes minors whose control planes Marina knows how to run, oldest first. */
export const supportedMinors = ['1.35', '1.36'] as const;

export type SupportedMinor = (typeof supportedMinors)[number];

/** An object that has an older version keeps it: what an edit does not touch is not checked anew (KEP-4008). */
const supported = {
  rule: `!self.matches('^v?1[.][0-9]+[.]') || self.matches('^v?(${supportedMinors.join('|').replaceAll('.', '[.]')})[.]')`,
  message: `must be of a minor version that Marina supports: ${supportedMinors.join(', ')}`,
} as const;

/** Kubernetes supports no downgrade and no skipped minor version (kubernetes.io/releases/version-skew-policy). */
const oneMinorAtMost = {
  rule: "int(self.split('.')[1]) - int(oldSelf.split('.')[1]) in [0, 1]",
  message: 'may go up by one minor version at most, and not down to another minor version',
} as const;

const version = z
  .string()
  .max(32)
  .regex(/^v?1\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/);

/** One of a list: there is nothing that it was before. */
export const offeredVersion = version.meta(rules(supported));

export const kubernetesVersion = version
  .meta(rules(supported, oneMinorAtMost))
  .describe('Kubernetes version of the control plane, e.g. `v1.36.3`.');
