import { z } from 'zod';
import { imageRepository, imageTag, jsonPatchOperation } from './meta.ts';
import { toleration } from './toleration.ts';

const image = {
  imageRepository: imageRepository.optional().describe('Registry and path of the image, without its name.'),
  imageTag: imageTag.optional().describe('Left out: the tag that belongs to the Kubernetes version.'),
};

const enabled = 'Whether Marina keeps it installed; left out: as its class says, or true.';

/** What Marina installs inside the tenant cluster besides what joining needs. */
export const addons = z.object({
  coreDNS: z
    .object({
      enabled: z.boolean().optional().describe(enabled),
      ...image,
      replicas: z
        .int32()
        .min(1)
        .max(100)
        .optional()
        .describe('Number of pods; left out: as its class says, or 2.'),
      tolerations: z
        .array(toleration)
        .max(64)
        .optional()
        .describe('Tolerations besides those that kubeadm sets.'),
    })
    .prefault({})
    .describe('DNS of the cluster.'),
  kubeProxy: z
    .object({
      enabled: z.boolean().optional().describe(enabled),
      ...image,
      configurationPatches: z
        .array(jsonPatchOperation)
        .max(64)
        .default([])
        .describe('JSON Patch applied to the KubeProxyConfiguration.'),
    })
    .prefault({})
    .describe('Service addresses on each node; switch it off for a CNI that replaces it.'),
});
