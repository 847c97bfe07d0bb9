import { supportedMinors, type SupportedMinor } from '../api/v1alpha1/versions.ts';
import type { BootstrapPhase } from './component.ts';
import { BootstrapError } from './errors.ts';

/** What differs from one Kubernetes minor to the next, from that minor's cmd/kubeadm/app. */
export interface VersionFacts {
  /** Newest kubeadm API of that minor (apis/kubeadm). */
  readonly kubeadmApiVersion: string;
  /** `CoreDNSVersion` in constants/constants.go. */
  readonly coreDNSImageTag: string;
}

const FACTS: Readonly<Record<SupportedMinor, VersionFacts>> = {
  '1.35': { kubeadmApiVersion: 'kubeadm.k8s.io/v1beta4', coreDNSImageTag: 'v1.13.1' },
  '1.36': { kubeadmApiVersion: 'kubeadm.k8s.io/v1beta4', coreDNSImageTag: 'v1.14.2' },
};

/** @throws BootstrapError `UnsupportedVersion` for a minor that is not in the table. */
export function versionFacts(version: string, phase: BootstrapPhase): VersionFacts {
  const minor = supportedMinors.find((each) => each === minorOf(version));
  if (minor) return FACTS[minor];
  throw new BootstrapError({
    code: 'UnsupportedVersion',
    phase,
    message: `Kubernetes ${version} is not supported`,
    whatToDo: `Choose a version of one of these minors: ${supportedMinors.join(', ')}.`,
  });
}

function minorOf(version: string): string {
  return version.split('.', 2).join('.');
}
