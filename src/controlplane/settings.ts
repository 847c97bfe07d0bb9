/** What the platform team decides for all control planes. */
export interface ControlPlaneSettings {
  /** Namespace of everything that runs or is secret, `marina-tenants`. */
  readonly namespace: string;
  /** Published address of control planes with a NodePort and no address of their own. */
  readonly nodePortAddress?: string;
  /** Reference of the image of kine, for control planes on Postgres. */
  readonly kineImage: string;
  /** Milliseconds after which objects inside a tenant cluster are compared again; jittered by a tenth. */
  readonly resyncMs: number;
}
