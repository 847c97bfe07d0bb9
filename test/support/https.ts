import { request } from 'node:https';
import type { RequestOptions } from 'node:https';

/** Status of a GET, or undefined when nothing answers within a second. */
export function httpsStatus(
  url: string,
  tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'>,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request(url, { ...tls, agent: false, timeout: 1000 }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode));
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(undefined));
    call.end();
  });
}
