import { z } from 'zod';
import { rules } from './meta.ts';

/** A resource.Quantity (apimachinery pkg/api/resource), e.g. `100m`, `1Gi` or 2. */
export const quantity = z.union([z.int(), z.string()]).meta({
  maxLength: 32,
  ...rules({
    rule: "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('0')) >= 0",
    message: 'must be a quantity that is not negative, e.g. 100m or 1Gi',
  }),
});

const amounts = z.record(z.string().max(253), quantity).meta({ maxProperties: 16 });

const requestsWithinLimits = {
  rule: [
    '!has(self.requests)',
    '!has(self.limits)',
    'self.requests.all(name, !(name in self.limits) || !isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)',
  ].join(' || '),
  message: 'must not be more than the limit of the same name',
  fieldPath: '.requests',
} as const;

/** core/v1 ResourceRequirements, as far as a container without claims can use it. */
export const containerResources = z
  .object({
    requests: amounts
      .optional()
      .describe(
        'What a node has to have free; Marina’s defaults fill the gaps. Without a limit the program runs on as many cores as its cpu here, rounded up.',
      ),
    limits: amounts.optional().describe('What the container may use at most.'),
  })
  .meta(rules(requestsWithinLimits));

/** Of the programs of a control plane, by program. */
export const controlPlaneResources = z.object({
  apiServer: containerResources.optional().describe('Resources of the kube-apiserver container.'),
  controllerManager: containerResources
    .optional()
    .describe('Resources of the kube-controller-manager container.'),
  scheduler: containerResources.optional().describe('Resources of the kube-scheduler container.'),
});

export type ContainerResources = z.output<typeof containerResources>;
export type ControlPlaneResources = z.output<typeof controlPlaneResources>;
