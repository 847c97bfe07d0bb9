import { secretbox } from '@noble/ciphers/salsa.js';
import { z } from 'zod';

/** `k8s:enc:secretbox:v1:<key name>:<nonce><box>`: k8s.io/apiserver/pkg/storage/value/encrypt/secretbox. */
const sealedPattern = /^k8s:enc:secretbox:v1:([^:]+):/;
const nonceBytes = 24;

const encryptionConfiguration = z.object({
  resources: z.array(
    z.object({
      providers: z.array(
        z.object({
          secretbox: z
            .object({ keys: z.array(z.object({ name: z.string(), secret: z.base64() })) })
            .optional(),
        }),
      ),
    }),
  ),
});

interface Key {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** Opens and seals values as a kube-apiserver with this EncryptionConfiguration does. */
export class SecretBox {
  readonly #keys: readonly Key[];

  /** `configuration`: JSON of an EncryptionConfiguration with a key of 32 octets for secretbox. */
  constructor(configuration: string) {
    const { resources } = encryptionConfiguration.parse(JSON.parse(configuration));
    const keys = resources.flatMap(({ providers }) =>
      providers.flatMap(({ secretbox: box }) => box?.keys ?? []),
    );
    this.#keys = keys.map(({ name, secret }) => ({ name, secret: Buffer.from(secret, 'base64') }));
  }

  static isSealed(value: Buffer): boolean {
    return sealedPattern.test(value.subarray(0, 300).toString('latin1'));
  }

  /** @throws Error when no key opens it */
  open(value: Buffer): Buffer {
    const [prefix, name] = sealedPattern.exec(value.subarray(0, 300).toString('latin1')) ?? [];
    if (prefix === undefined) throw new Error('the value is not sealed with secretbox');
    const key = this.#keys.find((one) => one.name === name);
    if (!key) throw new Error(`there is no key ${name}`);
    const nonce = value.subarray(prefix.length, prefix.length + nonceBytes);
    return Buffer.from(secretbox(key.secret, nonce).open(value.subarray(prefix.length + nonceBytes)));
  }

  seal(plain: Buffer, randomBytes: (size: number) => Buffer): Buffer {
    const [key] = this.#keys;
    if (!key) throw new Error('there is no key to seal with');
    const nonce = randomBytes(nonceBytes);
    const box = secretbox(key.secret, nonce).seal(plain);
    return Buffer.concat([Buffer.from(`k8s:enc:secretbox:v1:${key.name}:`), nonce, box]);
  }
}
