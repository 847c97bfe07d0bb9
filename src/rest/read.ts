import type { z } from 'zod';
import { type FieldProblem, ProblemError } from './problem/problem.ts';

/** @throws ProblemError that names every member which is wrong */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (body === undefined)
    throw new ProblemError('UnsupportedMediaType', 'The body has to be JSON, as application/json.');
  return read(schema, body, (path) => ({ pointer: path.map((part) => `/${escape(String(part))}`).join('') }));
}

/** @throws ProblemError that names every parameter which is wrong */
export function readQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  return read(schema, query, ([parameter]) => ({ parameter: String(parameter ?? '') }));
}

/** @throws ProblemError that names the parameter of the path */
export function readParameter<Schema extends z.ZodType>(
  schema: Schema,
  parameter: string,
  value: unknown,
): z.output<Schema> {
  return read(schema, value, () => ({ parameter }));
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: (path: readonly PropertyKey[]) => Omit<FieldProblem, 'detail'>,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ ...where([...issue.path, key]), detail: 'is not known here' }))
      : [{ ...where(issue.path), detail: issue.message }],
  );
  throw new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
}

/** RFC 6901. */
function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
