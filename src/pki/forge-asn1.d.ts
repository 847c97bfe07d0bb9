/** The encoder alone: the whole of node-forge costs three times the memory and brings cryptography nobody here may use. */
declare module 'node-forge/lib/asn1.js' {
  import type { asn1 } from 'node-forge';

  interface ParseOptions {
    readonly decodeBitStrings?: boolean;
  }
  const encoder: Omit<typeof asn1, 'fromDer'> & { fromDer(bytes: string, options?: ParseOptions): asn1.Asn1 };
  export default encoder;
}
