/** Who asks, as the management cluster knows them (authentication.k8s.io/v1 UserInfo). */
export interface Identity {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}
