export interface S3Location {
  /** `https://host[:port]`, or `http` where somebody has allowed it. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Segments of a key, without slashes at its ends: all objects are below it. */
  readonly prefix?: string;
  readonly region: string;
  /** Whether the bucket is in the path of requests, and not in the name of the host. */
  readonly pathStyle: boolean;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** PEM; trusted in place of the authorities that Node brings. */
  readonly certificateAuthority?: string;
}
