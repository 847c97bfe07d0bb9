/** Room for so many things at once, of which one key may take only some. */
export class Slots {
  private readonly capacity: number;
  private readonly perKey: number;
  private readonly taken = new Map<string, number>();
  private total = 0;

  constructor(capacity: number, perKey = capacity) {
    this.capacity = capacity;
    this.perKey = perKey;
  }

  /** A function that gives the slot back, once however often it is called; undefined when none is free. */
  take(key = ''): (() => void) | undefined {
    const own = this.taken.get(key) ?? 0;
    if (this.total >= this.capacity || own >= this.perKey) return undefined;
    this.total += 1;
    this.taken.set(key, own + 1);
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.total -= 1;
      const left = (this.taken.get(key) ?? 1) - 1;
      if (left === 0) this.taken.delete(key);
      else this.taken.set(key, left);
    };
  }
}
