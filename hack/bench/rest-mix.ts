/** What clients of REST do. */
export const restOperations = ['get', 'list', 'create', 'patch', 'delete'] as const;
export type RestOperation = (typeof restOperations)[number];

/** As many are made as are deleted, so that there are always about as many; 80 % read, 15 % create or patch, 5 % delete. */
const turns: readonly RestOperation[] = [
  'get',
  'get',
  'patch',
  'list',
  'get',
  'get',
  'create',
  'get',
  'list',
  'get',
  'get',
  'delete',
  'get',
  'list',
  'get',
  'get',
  'patch',
  'get',
  'get',
  'list',
];

/** The operation of the request with this number. */
export function operationOf(index: number): RestOperation {
  return turns[index % turns.length] ?? 'get';
}

/** One request, counted from when it should have been sent: a server that stalls cannot hide it by getting fewer requests. */
export interface RestRecord {
  readonly operation: RestOperation;
  readonly ms: number;
  readonly failure?: string;
}

/** Values that were measured one after another, and when. */
export interface Sample {
  /** Since the first one. */
  readonly seconds: number;
  readonly bytes: number;
}

/** Bytes a second, by least squares. @throws RangeError for fewer than two moments */
export function slopeOf(samples: readonly Sample[]): number {
  const count = samples.length;
  let seconds = 0;
  let bytes = 0;
  for (const sample of samples) {
    seconds += sample.seconds / count;
    bytes += sample.bytes / count;
  }
  let covariance = 0;
  let variance = 0;
  for (const sample of samples) {
    covariance += (sample.seconds - seconds) * (sample.bytes - bytes);
    variance += (sample.seconds - seconds) ** 2;
  }
  if (variance === 0) throw new RangeError('no slope without two moments');
  return covariance / variance;
}
