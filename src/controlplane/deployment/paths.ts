/** Where files are inside the containers of a control-plane pod. */
export const mountPaths = {
  pki: '/etc/kubernetes/pki',
  /** Between kine and kube-apiserver: only their own user can open it. */
  kineRun: '/run/kine',
  kineSocket: '/run/kine/kine.sock',
  kineCredential: '/etc/kine',
} as const;
