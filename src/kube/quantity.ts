/** Decimal and binary suffixes of a resource.Quantity (apimachinery pkg/api/resource/suffix.go). */
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The amount of a quantity, e.g. 0.5 of `500m`; undefined for what is none. Good for comparing, not for counting. */
export function parseQuantity(text: string): number | undefined {
  const [, amount = '', suffix = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = Object.hasOwn(suffixes, suffix) ? suffixes[suffix] : undefined;
  return amount === '' || factor === undefined ? undefined : Number(amount) * factor;
}

/** Whether two texts say the same amount: the API server writes `0.5` as `500m` and `1024Mi` as `1Gi`. */
export function isSameQuantity(a: unknown, b: unknown): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [first, second] = [parseQuantity(a), parseQuantity(b)];
  if (first === undefined || second === undefined) return false;
  return Math.abs(first - second) <= 1e-12 * Math.max(Math.abs(first), Math.abs(second));
}
