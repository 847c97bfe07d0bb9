import { expect, test } from '@jest/globals';
import type { OpenAPI3 } from 'openapi-typescript';
import { withOneFailure } from './one-failure.ts';

test('every failure is said once an operation', () => {
  const answer = { description: 'x' };
  const document = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    paths: {
      '/v1/a': {
        get: { operationId: 'a', responses: { 200: answer, 202: answer, 404: answer, 503: answer } },
      },
    },
  } as unknown as OpenAPI3;
  const { paths } = withOneFailure(document) as unknown as {
    readonly paths: Record<string, { readonly get: { readonly responses: Record<string, object> } }>;
  };
  const { responses } = paths['/v1/a']!.get;
  expect(Object.keys(responses)).toEqual(['200', '202', 'default']);
  expect(JSON.stringify(responses['default'])).toContain('#/components/schemas/Problem');
});
