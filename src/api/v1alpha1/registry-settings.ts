import { z } from 'zod';
import { imageName, imageRepository } from './meta.ts';

export const registrySettings = z
  .object({
    registry: imageRepository
      .default('registry.k8s.io')
      .describe('Registry and path in front of every image.'),
    tagSuffix: z
      .string()
      .max(64)
      .regex(/^[-.a-zA-Z0-9_]*$/)
      .default('')
      .describe('Appended to the version tag of every image.'),
    apiServerImage: imageName.default('kube-apiserver').describe('Image of kube-apiserver below `registry`.'),
    controllerManagerImage: imageName
      .default('kube-controller-manager')
      .describe('Image of kube-controller-manager below `registry`.'),
    schedulerImage: imageName.default('kube-scheduler').describe('Image of kube-scheduler below `registry`.'),
  })
  .describe('Where the images of the control plane come from.');
