import { readFile } from 'node:fs/promises';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

export interface RpcMethod {
  /** As gRPC calls it, e.g. `/etcdserverpb.KV/Range`. */
  readonly path: string;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  /** How many messages the caller and the server send. */
  readonly kind: 'unary' | 'serverStream' | 'bidirectional';
}

export interface EtcdProtocol {
  /** By path; of the services that etcd is known to have. */
  readonly methods: ReadonlyMap<string, RpcMethod>;
  /** Paths of all other methods that the program has a description of: it may call them, or serve them in a new version. */
  readonly otherMethods: readonly string[];
  /** `<message>.<field>` of every field that a caller can set in a request, or in a message inside one. */
  readonly requestFields: ReadonlySet<string>;
}

/** Files whose services etcd's client port could serve; those of the raft peers and of tracing are imported, not served to clients. */
const entryFiles = ['rpc.proto', 'v3lock.proto', 'v3election.proto', 'grpc/health/v1/health.proto'];

/** The import adds it; its types do not say so. */
const withDescriptors = protobuf.Root as unknown as {
  fromDescriptor(files: descriptor.IFileDescriptorSet): protobuf.Root;
};

/**
 * The protocol of the very etcd that is tested. Its program carries a FileDescriptorProto of each .proto file it was generated from,
 * uncompressed (protoc-gen-go 1.36), so that a call or a field that a new version brings is known without a copy of its files here.
 */
export async function readEtcdProtocol(program: string): Promise<EtcdProtocol> {
  const image = await readFile(program);
  const files = entryFiles.map((name) => findFile(image, name)).map(withoutImports);
  // Messages of other files that are referred to: key-value pairs, users and permissions, and the header of each answer.
  for (const name of ['kv.proto', 'auth.proto']) files.push(withoutImports(findFile(image, name)));
  const root = withDescriptors.fromDescriptor({ file: files }).resolveAll();

  const methods = new Map<string, RpcMethod>();
  for (const service of servicesOf(root)) {
    for (const method of service.methodsArray) {
      const path = `/${service.fullName.slice(1)}/${method.name}`;
      methods.set(path, {
        path,
        request: root.lookupType(method.requestType),
        response: root.lookupType(method.responseType),
        kind: method.requestStream ? 'bidirectional' : method.responseStream ? 'serverStream' : 'unary',
      });
    }
  }
  const requestFields = new Set<string>();
  for (const { request } of methods.values()) addFields(request, requestFields);
  const described = describedMethods(image);
  return { methods, otherMethods: described.filter((path) => !methods.has(path)), requestFields };
}

function addFields(type: protobuf.Type, found: Set<string>): void {
  for (const field of type.fieldsArray) {
    const name = nameOf(field);
    if (found.has(name)) continue;
    found.add(name);
    if (field.resolvedType instanceof protobuf.Type) addFields(field.resolvedType, found);
  }
}

/** Those of {@link EtcdProtocol.requestFields} that a request sets, zero or not. */
export function fieldsSetIn(
  { request: type }: RpcMethod,
  request: Readonly<Record<string, unknown>>,
): readonly string[] {
  return setFields(type, type.decode(type.encode(type.fromObject(request)).finish()) as unknown as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function setFields(type: protobuf.Type, message: Fields): readonly string[] {
  return type.fieldsArray
    .filter(({ name }) => Object.hasOwn(message, name))
    .flatMap((field) => {
      const { resolvedType } = field;
      if (!(resolvedType instanceof protobuf.Type)) return [nameOf(field)];
      const inner = [message[field.name]].flat() as readonly Fields[];
      return [nameOf(field), ...inner.flatMap((each) => setFields(resolvedType, each))];
    });
}

function nameOf({ parent, name }: protobuf.Field): string {
  return `${parent?.name ?? ''}.${name}`;
}

function servicesOf(namespace: protobuf.NamespaceBase): readonly protobuf.Service[] {
  return namespace.nestedArray.flatMap((each) => {
    if (each instanceof protobuf.Service) return [each];
    return each instanceof protobuf.Namespace ? servicesOf(each) : [];
  });
}

function withoutImports(file: descriptor.IFileDescriptorProto): descriptor.IFileDescriptorProto {
  return { ...file, dependency: [] };
}

/** @throws Error when the program has no such description, or a compressed one */
function findFile(image: Buffer, name: string): descriptor.IFileDescriptorProto {
  const at = image.indexOf(startOfFile(name));
  if (at === -1) throw new Error(`${name} is not described in this program: is it an etcd of 3.7 or later?`);
  return readFileAt(image, at);
}

function describedMethods(image: Buffer): readonly string[] {
  const names = image.toString('latin1').matchAll(/\n[\x01-\x7f]([\w./-]+\.proto)\x12/g);
  return [...names].flatMap(({ 1: name = '', index }) => {
    // The length does not go with the name: other data.
    if (image[index + 1] !== name.length) return [];
    const file = tryToReadFileAt(image, index);
    return (file?.service ?? []).flatMap((service) =>
      (service.method ?? []).map((method) => `/${file?.package}.${service.name}/${method.name}`),
    );
  });
}

/** Field 1, its length, the name; field 2, the package, follows. */
function startOfFile(name: string): Buffer {
  return Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name), Buffer.of(0x12)]);
}

function readFileAt(image: Buffer, start: number): descriptor.IFileDescriptorProto {
  const bytes = image.subarray(start, endOfFile(image, start));
  return descriptor.FileDescriptorProto.decode(bytes) as unknown as descriptor.IFileDescriptorProto;
}

/** Undefined for proto2, which has no `syntax` to end with; gRPC's own and etcd's services are all proto3. */
function tryToReadFileAt(image: Buffer, start: number): descriptor.IFileDescriptorProto | undefined {
  try {
    return readFileAt(image, start);
  } catch {
    return undefined;
  }
}

/** Nothing says how long a description is; `syntax`, field 12, is the last of it. */
function endOfFile(image: Buffer, start: number): number {
  const reader = protobuf.Reader.create(image);
  reader.pos = start;
  for (;;) {
    const tag = reader.uint32();
    reader.skipType(tag & 7);
    if (tag >>> 3 === 12) return reader.pos;
  }
}
