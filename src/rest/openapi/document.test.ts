import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { controllers } from '../rest.module.ts';
import { openApiDocument, routesOf } from './document.ts';

const routes = routesOf(controllers);
const document = openApiDocument(routes) as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
};

interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, object>>;
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

test('every route is in the document, under a name of its own', () => {
  expect(operations).toHaveLength(routes.length);
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(ids).toEqual([...new Set(ids)]);
  expect(ids).toEqual(expect.arrayContaining(['createControlPlane', 'createJoinToken', 'listAllDataStores']));
});

test.each(operations)('$method $path names each parameter of its path', ({ path, operation }) => {
  const named = operation.parameters?.filter((each) => each.in === 'path').map(({ name }) => name) ?? [];
  expect(named.toSorted()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted());
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(20);
  for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty([name]);
});

test('a spec has the schema of its CRD, in the dialect of OpenAPI 3.1', () => {
  const spec = document.components.schemas['ControlPlaneSpec'] as {
    readonly additionalProperties: boolean;
    readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  expect(spec.additionalProperties).toBe(false);
  expect(spec.properties['serviceAccountIssuers']).toMatchObject({ type: 'array', maxItems: 8, default: [] });
  expect(JSON.stringify(document)).not.toMatch(
    /"nullable"|"exclusiveMinimum":true|x-kubernetes-int-or-string/,
  );
});
