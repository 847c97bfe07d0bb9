import { expect } from '@jest/globals';
import { KubeError } from '../../src/kube/errors.ts';

/** Expects the API server to refuse an object because of `field`, saying `message` or a part of it. */
export async function expectRefused(
  attempt: Promise<unknown>,
  field: string,
  message: string | RegExp,
): Promise<void> {
  const said =
    typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
  const { causes } = await refusal(attempt);
  expect(causes).toContainEqual({ field, message: said });
}

/** The API server's refusal of an object; throws when it takes it, or fails in another way. */
export async function refusal(attempt: Promise<unknown>): Promise<KubeError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'Invalid') return error;
    throw error;
  }
  throw new Error('the API server accepted it');
}
