import {
  agnhostVersion,
  cniPluginsVersion,
  containerdVersion,
  coreDnsVersion,
  etcdVersion,
  ginkgoVersion,
  kindVersion,
  kineVersion,
  kubernetesBuildDate,
  kubernetesVersion,
  metricsServerVersion,
  versitygwVersion,
} from './versions.ts';

export type GoModule =
  | 'kubernetes'
  | 'kubernetes-e2e'
  | 'etcd'
  | 'coredns'
  | 'containerd'
  | 'cni-plugins'
  | 'kind'
  | 'kine'
  | 'metrics-server'
  | 'pause'
  | 'versitygw';

/** An official release file. Checksum files hold one hash, or lines of `<hash>  <file>`. */
export type Release = {
  readonly url: string;
  readonly checksums: string;
  /** Path of the program in the archive; absent where the file is the program. */
  readonly member?: string;
};

/** How one program is recognised, downloaded and built. */
export type Recipe = {
  readonly module: GoModule;
  readonly package: string;
  /** Built from the test files of the package, as `go test -c` does. */
  readonly isTest?: true;
  /** `-X` values of the linker by full variable name. */
  readonly variables: Readonly<Record<string, string>>;
  readonly versionArgs: readonly string[];
  /** Occurs in what the program prints for `versionArgs` when it is of the pinned version. */
  readonly versionText: string;
  /** Absent where upstream releases no such file. */
  readonly release?: Release;
  /** Minutes of a cold build on two cores, what the module's other programs share included. */
  readonly coldMinutes: number;
};

const github = 'https://github.com';

function kubernetes(
  name: string,
  coldMinutes: number,
  versionArgs = ['--version'],
  versionText?: string,
): Recipe {
  const url = `https://dl.k8s.io/release/${kubernetesVersion}/bin/linux/amd64/${name}`;
  return {
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    variables: kubernetesVariables(),
    versionArgs,
    versionText: versionText ?? `Kubernetes ${kubernetesVersion}`,
    release: { url, checksums: `${url}.sha256` },
    coldMinutes,
  };
}

const kubernetesTests = `https://dl.k8s.io/release/${kubernetesVersion}/kubernetes-test-linux-amd64.tar.gz`;

/** Of upstream's archive of test programs. */
function testProgram(name: string): Release {
  return {
    url: kubernetesTests,
    checksums: `${kubernetesTests}.sha256`,
    member: `kubernetes/test/bin/${name}`,
  };
}

/** The stamps that hack/lib/version.sh of Kubernetes sets; the proxy does not tell the commit, so its tag stands in. */
function kubernetesVariables(): Record<string, string> {
  const [major = '', minor = ''] = kubernetesVersion.slice(1).split('.');
  const stamps = {
    gitVersion: kubernetesVersion,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: kubernetesVersion,
    buildDate: kubernetesBuildDate,
  };
  const variables: Record<string, string> = {};
  for (const target of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    for (const [name, value] of Object.entries(stamps)) variables[`${target}.${name}`] = value;
  }
  return variables;
}

function etcd(name: string, goPackage: string, versionArgs: readonly string[], versionText: string): Recipe {
  const base = `${github}/etcd-io/etcd/releases/download/v${etcdVersion}`;
  const archive = `etcd-v${etcdVersion}-linux-amd64`;
  return {
    module: 'etcd',
    package: goPackage,
    variables: { 'go.etcd.io/etcd/api/v3/version.GitSHA': `v${etcdVersion}` },
    versionArgs,
    versionText,
    release: {
      url: `${base}/${archive}.tar.gz`,
      checksums: `${base}/SHA256SUMS`,
      member: `${archive}/${name}`,
    },
    coldMinutes: 1,
  };
}

function containerd(name: string, versionArg: string): Recipe {
  const url = `${github}/containerd/containerd/releases/download/v${containerdVersion}/containerd-${containerdVersion}-linux-amd64.tar.gz`;
  return {
    module: 'containerd',
    package: `github.com/containerd/containerd/v2/cmd/${name}`,
    variables: { 'github.com/containerd/containerd/v2/version.Version': `v${containerdVersion}` },
    versionArgs: [versionArg],
    versionText: `v${containerdVersion}`,
    release: { url, checksums: `${url}.sha256sum`, member: `bin/${name}` },
    coldMinutes: 1,
  };
}

function cniPlugin(name: string, group: 'main' | 'ipam' | 'meta'): Recipe {
  const base = `${github}/containernetworking/plugins/releases/download/v${cniPluginsVersion}`;
  const url = `${base}/cni-plugins-linux-amd64-v${cniPluginsVersion}.tgz`;
  return {
    module: 'cni-plugins',
    package: `github.com/containernetworking/plugins/plugins/${group}/${name}`,
    variables: {
      'github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion': `v${cniPluginsVersion}`,
    },
    versionArgs: [],
    versionText: `CNI ${name} plugin v${cniPluginsVersion}`,
    release: { url, checksums: `${url}.sha256`, member: `./${name}` },
    coldMinutes: 1,
  };
}

const coreDnsRelease = `${github}/coredns/coredns/releases/download/v${coreDnsVersion}/coredns_${coreDnsVersion}_linux_amd64.tgz`;
const kindRelease = `${github}/kubernetes-sigs/kind/releases/download/v${kindVersion}/kind-linux-amd64`;

const kineRelease = `${github}/k3s-io/kine/releases/download/v${kineVersion}`;

const versitygwRelease = `${github}/versity/versitygw/releases/download/v${versitygwVersion}`;
const versitygwArchive = `versitygw_v${versitygwVersion}_Linux_x86_64`;

export const recipes = {
  'kube-apiserver': kubernetes('kube-apiserver', 6),
  'kube-controller-manager': kubernetes('kube-controller-manager', 6),
  'kube-scheduler': kubernetes('kube-scheduler', 4),
  'kube-proxy': kubernetes('kube-proxy', 4),
  kubelet: kubernetes('kubelet', 5),
  kubeadm: kubernetes('kubeadm', 4, ['version', '--output=short'], kubernetesVersion),
  kubectl: kubernetes('kubectl', 4, ['version', '--client'], `Client Version: ${kubernetesVersion}`),
  'e2e.test': {
    module: 'kubernetes-e2e',
    package: 'k8s.io/kubernetes/test/e2e',
    isTest: true,
    variables: kubernetesVariables(),
    versionArgs: ['--version'],
    versionText: kubernetesVersion,
    release: testProgram('e2e.test'),
    coldMinutes: 10,
  },
  ginkgo: {
    module: 'kubernetes-e2e',
    package: 'github.com/onsi/ginkgo/v2/ginkgo',
    variables: {},
    versionArgs: ['version'],
    versionText: `Ginkgo Version ${ginkgoVersion}`,
    release: testProgram('ginkgo'),
    coldMinutes: 1,
  },
  agnhost: {
    module: 'kubernetes-e2e',
    package: 'k8s.io/kubernetes/test/images/agnhost',
    variables: { 'main.Version': agnhostVersion },
    versionArgs: ['--version'],
    versionText: `app version ${agnhostVersion}`,
    coldMinutes: 4,
  },
  etcd: etcd('etcd', 'go.etcd.io/etcd/server/v3', ['--version'], `etcd Version: ${etcdVersion}`),
  etcdctl: etcd('etcdctl', 'go.etcd.io/etcd/etcdctl/v3', ['version'], `etcdctl version: ${etcdVersion}`),
  kine: {
    module: 'kine',
    package: 'github.com/k3s-io/kine',
    variables: { 'github.com/k3s-io/kine/pkg/version.Version': `v${kineVersion}` },
    versionArgs: ['--version'],
    versionText: `kine version v${kineVersion}`,
    release: { url: `${kineRelease}/kine-amd64`, checksums: `${kineRelease}/sha256sum-amd64.txt` },
    coldMinutes: 3,
  },
  coredns: {
    module: 'coredns',
    package: 'github.com/coredns/coredns',
    variables: {},
    versionArgs: ['-version'],
    versionText: `CoreDNS-${coreDnsVersion}`,
    release: { url: coreDnsRelease, checksums: `${coreDnsRelease}.sha256`, member: 'coredns' },
    coldMinutes: 2,
  },
  containerd: containerd('containerd', '--version'),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2', '-v'),
  ctr: containerd('ctr', '--version'),
  bridge: cniPlugin('bridge', 'main'),
  loopback: cniPlugin('loopback', 'main'),
  ptp: cniPlugin('ptp', 'main'),
  'host-local': cniPlugin('host-local', 'ipam'),
  portmap: cniPlugin('portmap', 'meta'),
  kind: {
    module: 'kind',
    package: 'sigs.k8s.io/kind',
    variables: {},
    versionArgs: ['version'],
    versionText: `kind v${kindVersion} `,
    release: { url: kindRelease, checksums: `${kindRelease}.sha256sum` },
    coldMinutes: 1,
  },
  'metrics-server': {
    module: 'metrics-server',
    package: 'sigs.k8s.io/metrics-server/cmd/metrics-server',
    variables: { 'k8s.io/client-go/pkg/version.gitVersion': `v${metricsServerVersion}` },
    versionArgs: ['--version'],
    versionText: `v${metricsServerVersion}`,
    coldMinutes: 2,
  },
  versitygw: {
    module: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    variables: { 'main.Version': versitygwVersion },
    versionArgs: ['--version'],
    versionText: versitygwVersion,
    release: {
      url: `${versitygwRelease}/${versitygwArchive}.tar.gz`,
      checksums: `${versitygwRelease}/checksums.txt`,
      member: `${versitygwArchive}/versitygw`,
    },
    coldMinutes: 3,
  },
} as const satisfies Record<string, Recipe>;

export type BinaryName = keyof typeof recipes;

export function isBinaryName(name: string): name is BinaryName {
  return Object.hasOwn(recipes, name);
}
