import type { Answer, Call, EtcdCaller, WatchStream } from './etcd-caller.ts';

interface Event {
  readonly kv: { readonly key: Buffer };
}

/** A watch and what it has been told so far; to be disposed of. */
export class RecordedWatch implements Disposable {
  /** Of events, in order, one octet a character. */
  readonly keys: string[] = [];
  readonly #stream: WatchStream;
  #created = false;
  #canceled = false;

  /** `request` is a WatchCreateRequest. */
  constructor(caller: EtcdCaller, request: Call['request']) {
    this.#stream = caller.watch((answer) => this.#record(answer));
    this.#stream.send({ create_request: request });
  }

  get created(): boolean {
    return this.#created;
  }

  get canceled(): boolean {
    return this.#canceled;
  }

  /** A WatchRequest on the same stream. */
  send(request: Call['request']): void {
    this.#stream.send(request);
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }

  #record(answer: Answer): void {
    if (answer['created']) this.#created = true;
    if (answer['canceled']) this.#canceled = true;
    const events = (answer['events'] ?? []) as readonly Event[];
    this.keys.push(...events.map(({ kv }) => kv.key.toString('latin1')));
  }
}
