import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';

export interface InterceptedCall {
  readonly verb: string;
  /** Of the object or objects; undefined for a probe. */
  readonly kind: string | undefined;
}

/** `client`, each call of which first waits for `before`, and fails as that does. */
export function interceptedClient(
  client: KubeClient,
  before: (call: InterceptedCall) => Promise<void>,
): KubeClient {
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const verb = String(name);
      const kindOf = ([first]: readonly unknown[]) => (first as Partial<Resource> | undefined)?.kind;
      if (verb === 'watch')
        return async function* (
          ...args: Parameters<KubeClient['watch']>
        ): AsyncGenerator<WatchEvent<KubeObject>> {
          await before({ verb, kind: kindOf(args) });
          yield* target.watch(...args);
        };
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await before({ verb, kind: kindOf(args) });
        return await Reflect.apply(value, target, args);
      };
    },
  });
}
