import { applyPatch, type Operation, Pointer } from 'rfc6902';

import type { BootstrapPhase } from './component.ts';
import { isNestedDeeper, maxNesting } from '../kube/nesting.ts';
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

/** In characters of JSON. A ConfigMap may hold 1 MiB; copies of copies would fill any memory. */
const maxLength = 256 * 1024;

/**
 * The document with all patches applied in order; the given one stays as it is.
 * @throws BootstrapError `PatchFailed` that names the first patch that does not apply.
 */
export function patched(target: PatchTarget, patches: readonly JsonPatchOperation[]): Configuration {
  const document = structuredClone(target.document);
  for (const [index, patch] of patches.entries()) {
    const problem = problemOf(document, patch) ?? applyOne(document, patch) ?? outgrown(document);
    if (problem) throw patchFailed(target, index, patch, problem);
    if (document.apiVersion !== target.document.apiVersion || document.kind !== target.document.kind) {
      throw patchFailed(target, index, patch, 'apiVersion and kind cannot be changed');
    }
  }
  return document;
}

/** What the library would take without an error and without the effect that RFC 6902 asks for. */
function problemOf(document: Configuration, patch: JsonPatchOperation): string | undefined {
  if (patch.op === 'replace' && patch.path.endsWith('/-')) return 'there is no element after the last one';
  if (isNestedDeeper(patch.value)) return `the value is nested deeper than ${maxNesting} levels`;
  return [patch.path, patch.from ?? ''].map((pointer) => strayOf(document, pointer)).find(Boolean);
}

/** Why a pointer leaves the document: the library would follow it to methods and prototypes that everybody shares. */
function strayOf(document: Configuration, pointer: string): string | undefined {
  let value: unknown = document;
  for (const token of tokensOf(pointer)) {
    // Also where nothing is: the library looks for what is below in an object of its own.
    if (token in Object.prototype || token === 'prototype')
      return 'the path names a property that no configuration has';
    if (value === undefined) continue;
    if (typeof value !== 'object' || value === null) return 'the path leads into a value that has no fields';
    if (Array.isArray(value) && !/^(-|[0-9]+)$/.test(token)) return 'elements of a list have numbers';
    value = (value as Record<string, unknown>)[token];
  }
  return undefined;
}

function tokensOf(pointer: string): readonly string[] {
  // What is no pointer at all the library refuses.
  return pointer.startsWith('/') ? Pointer.fromJSON(pointer).tokens.slice(1) : [];
}

function outgrown(document: Configuration): string | undefined {
  if (isNestedDeeper(document)) return `the result is nested deeper than ${maxNesting} levels`;
  return JSON.stringify(document).length > maxLength ? 'the result is larger than 256 KiB' : undefined;
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
