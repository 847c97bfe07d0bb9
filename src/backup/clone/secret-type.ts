import protobuf from 'protobufjs/minimal.js';

/** In front of everything that a kube-apiserver stores as protobuf: k8s.io/apimachinery/pkg/runtime/serializer/protobuf. */
const magic = Buffer.from('k8s\0');

/** Of runtime.Unknown: the object itself. */
const rawField = 2;
/** Of core/v1 Secret. */
const typeField = 3;

/** The `type` of a stored Secret, protobuf or JSON; undefined when it has none. */
export function typeOfSecret(stored: Buffer): string | undefined {
  if (!stored.subarray(0, magic.length).equals(magic)) {
    const { type } = JSON.parse(stored.toString()) as { readonly type?: string };
    return type;
  }
  const raw = field(stored.subarray(magic.length), rawField);
  return raw && field(raw, typeField)?.toString();
}

/** A length-delimited field of a message. */
function field(message: Buffer, wanted: number): Buffer | undefined {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((wanted << 3) | 2)) return Buffer.from(reader.bytes());
    reader.skipType(tag & 7);
  }
  return undefined;
}
