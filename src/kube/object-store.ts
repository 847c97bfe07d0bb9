import type { KubeObject } from './resource.ts';

export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

export interface ListFilter {
  readonly namespace?: string;
  /** Equality only: every one of these labels has this value. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Objects by key, with indexes that are kept as objects come and go. */
export class ObjectStore<T extends KubeObject> {
  private readonly objects = new Map<string, T>();
  private readonly indexes: Indexes<T>;
  /** Index name -> value -> keys. */
  private readonly entries = new Map<string, Map<string, Set<string>>>();

  constructor(indexes: Indexes<T> = {}) {
    this.indexes = indexes;
    for (const name of Object.keys(indexes)) this.entries.set(name, new Map());
  }

  get size(): number {
    return this.objects.size;
  }

  keys(): string[] {
    return [...this.objects.keys()];
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  list({ namespace, labels }: ListFilter = {}): T[] {
    const wanted = Object.entries(labels ?? {});
    const found: T[] = [];
    for (const object of this.objects.values()) {
      const metadata = object.metadata;
      if (namespace !== undefined && metadata?.namespace !== namespace) continue;
      if (wanted.every(([name, value]) => metadata?.labels?.[name] === value)) found.push(object);
    }
    return found;
  }

  byIndex(name: string, value: string): T[] {
    const index = this.entries.get(name);
    if (!index) throw new Error(`no index ${name}`);
    const found: T[] = [];
    for (const key of index.get(value) ?? []) found.push(this.objects.get(key) as T);
    return found;
  }

  set(key: string, object: T): void {
    this.unindex(key);
    this.objects.set(key, object);
    for (const [name, valuesOf] of Object.entries(this.indexes)) {
      for (const value of valuesOf(object)) this.keysAt(name, value).add(key);
    }
  }

  delete(key: string): void {
    this.unindex(key);
    this.objects.delete(key);
  }

  private unindex(key: string): void {
    const object = this.objects.get(key);
    if (!object) return;
    for (const [name, valuesOf] of Object.entries(this.indexes)) {
      for (const value of valuesOf(object)) {
        const keys = this.keysAt(name, value);
        keys.delete(key);
        if (keys.size === 0) this.entries.get(name)?.delete(value);
      }
    }
  }

  private keysAt(name: string, value: string): Set<string> {
    const index = this.entries.get(name) as Map<string, Set<string>>;
    let keys = index.get(value);
    if (!keys) index.set(value, (keys = new Set()));
    return keys;
  }
}
