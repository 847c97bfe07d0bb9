/** PEM inside the file, or paths of files that the client reads again when they change. */
export type KubeconfigUser =
  | { readonly name: string; readonly certificate: string; readonly privateKey: string }
  | { readonly name: string; readonly certificateFile: string; readonly keyFile: string };

export type KubeconfigAuthority =
  | { readonly certificateAuthority: string; readonly certificateAuthorityFile?: undefined }
  | { readonly certificateAuthorityFile: string };

export type KubeconfigInput = KubeconfigAuthority & {
  readonly clusterName: string;
  /** e.g. `https://192.0.2.1:6443`. */
  readonly server: string;
  readonly user: KubeconfigUser;
};

/**
 * A kubeconfig with one context, `<user>@<cluster>`, as kubeadm names it. YAML in which every scalar from outside is a
 * JSON string: the text is fixed to the octet, so it can be compared with what is stored.
 */
export function buildKubeconfig(input: KubeconfigInput): string {
  const cluster = JSON.stringify(input.clusterName);
  const user = JSON.stringify(input.user.name);
  const context = JSON.stringify(`${input.user.name}@${input.clusterName}`);
  return `apiVersion: v1
kind: Config
clusters:
- name: ${cluster}
  cluster:
    server: ${JSON.stringify(input.server)}
    ${authorityLine(input)}
users:
- name: ${user}
  user:
    ${userLines(input.user).join('\n    ')}
contexts:
- name: ${context}
  context:
    cluster: ${cluster}
    user: ${user}
current-context: ${context}
`;
}

function authorityLine(authority: KubeconfigAuthority): string {
  if (authority.certificateAuthorityFile !== undefined) {
    return `certificate-authority: ${JSON.stringify(authority.certificateAuthorityFile)}`;
  }
  return `certificate-authority-data: ${base64(authority.certificateAuthority)}`;
}

function userLines(user: KubeconfigUser): readonly string[] {
  if ('certificateFile' in user) {
    return [
      `client-certificate: ${JSON.stringify(user.certificateFile)}`,
      `client-key: ${JSON.stringify(user.keyFile)}`,
    ];
  }
  return [
    `client-certificate-data: ${base64(user.certificate)}`,
    `client-key-data: ${base64(user.privateKey)}`,
  ];
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
