import { applyPatch, type Operation } from 'rfc6902';

import type { BootstrapPhase } from './component.ts';
import { BootstrapError } from './errors.ts';
import type { JsonPatchOperation } from './input.ts';

/** A component's configuration file, e.g. a KubeletConfiguration. */
export interface Configuration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

export interface PatchTarget {
  readonly phase: BootstrapPhase;
  /** The spec field that the patches come from, for messages. */
  readonly field: string;
  readonly document: Configuration;
}

/**
 * The document with all patches applied in order; the given one stays as it is.
 * @throws BootstrapError `PatchFailed` that names the first patch that does not apply.
 */
export function patched(target: PatchTarget, patches: readonly JsonPatchOperation[]): Configuration {
  const document = structuredClone(target.document);
  for (const [index, patch] of patches.entries()) {
    const problem = problemOf(patch) ?? applyOne(document, patch);
    if (problem) throw patchFailed(target, index, patch, problem);
    if (document.apiVersion !== target.document.apiVersion || document.kind !== target.document.kind) {
      throw patchFailed(target, index, patch, 'apiVersion and kind cannot be changed');
    }
  }
  return document;
}

/** What the library would take without an error and without the effect that RFC 6902 asks for. */
function problemOf(patch: JsonPatchOperation): string | undefined {
  const tokens = [patch.path, patch.from ?? ''].flatMap((pointer) => pointer.split('/'));
  if (tokens.some((token) => ['__proto__', 'constructor', 'prototype'].includes(token))) {
    return 'the path names a property that no configuration has';
  }
  if (patch.op === 'replace' && patch.path.endsWith('/-')) return 'there is no element after the last one';
  return undefined;
}

function applyOne(document: object, patch: JsonPatchOperation): string | undefined {
  try {
    const [failure] = applyPatch(document, [patch as Operation]);
    return failure ? reasonOf(failure, patch) : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function reasonOf(failure: Error, patch: JsonPatchOperation): string {
  switch (failure.name) {
    case 'MissingError':
      return patch.op === 'add' ? 'the parent of the path is not there' : 'the path is not there';
    case 'TestError':
      return 'the value there is another one';
    default:
      return failure.message;
  }
}

function patchFailed(
  target: PatchTarget,
  index: number,
  patch: JsonPatchOperation,
  problem: string,
): BootstrapError {
  return new BootstrapError({
    code: 'PatchFailed',
    phase: target.phase,
    message: `${target.field}[${index}] (${patch.op} ${patch.path}) does not apply to the ${target.document.kind}: ${problem}`,
    whatToDo: `Correct or remove ${target.field}[${index}]. Fields with their default value are left out of the ${target.document.kind}: "add" sets them.`,
  });
}
