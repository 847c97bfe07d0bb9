/** Where files are inside the containers of a control-plane pod. */
export const mountPaths = {
  pki: '/etc/kubernetes/pki',
} as const;
