/**
 * Where a test may end, stop or fail the process: around every effect on something outside. In production nothing is there.
 * Names are paths: where, verb, kind and, where one kind has several, which; e.g. `management/apply/Secret/roots`,
 * `etcd/add-user`, `tenant/apply/ConfigMap/cluster-info`.
 */
export interface Failpoints {
  /** Runs the effect and passes its outcome on; may throw, or never return, before or after it. */
  around<T>(name: string, effect: () => Promise<T>): Promise<T>;
}

export const noFailpoints: Failpoints = { around: (_name, effect) => effect() };
