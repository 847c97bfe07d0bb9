import path from 'node:path';
import { thisCheckout } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { containerAddress, openEngine } from './engine.ts';
import type { ContainerEngine } from './engine.ts';
import { LocalError } from './errors.ts';
import { createJoinLine } from './join-line.ts';
import { openKubectl } from './kubectl.ts';
import { cutPower, managementKubeconfig, managementNode } from './management-cluster.ts';
import { roadTaken } from './road-taken.ts';
import { createShell } from './shell.ts';
import type { Shell } from './shell.ts';
import { tenantKubeconfig, waitForTenant } from './tenant.ts';
import { joinWorker, removeWorker, startWorker } from './worker.ts';

/** The running environment of this checkout, for end-to-end tests and measurements. */
export interface LocalEnvironment extends AsyncDisposable {
  readonly checkout: Checkout;
  readonly engine: ContainerEngine;
  readonly managementKubeconfig: string;
  /** IP address of the management node: where tenants' NodePorts are. */
  readonly nodeAddress: string;
  readonly nodeContainer: string;
  /** `.marina/tenants/<name>.kubeconfig`; written by `fetchTenantKubeconfig`. */
  tenantKubeconfig(name: string): string;
  /** Waits until the tenant is Ready, writes its kubeconfig and returns the path. */
  fetchTenantKubeconfig(name: string, namespace: string): Promise<string>;
  /** The `kubeadm join` line with a new token; the tenant's kubeconfig has to be there. */
  createJoinLine(tenant: string): Promise<string>;
  /** Boots a container that has never joined anything. @param worker becomes host name and Node */
  startWorker(worker: string): Promise<void>;
  /** Runs the join line on it and waits until its Node is Ready. */
  joinWorker(worker: string, tenant: string, joinLine?: string): Promise<void>;
  /** Quiet when there is none; the Node object stays. */
  removeWorker(worker: string): Promise<void>;
  /** Ends everything on the management node at once and starts it again; does not wait for it. */
  cutPower(): Promise<void>;
}

/** @throws LocalError Missing when `npm run up` has not been run */
export async function readEnvironment(logName = 'environment'): Promise<LocalEnvironment> {
  const checkout = thisCheckout();
  const shell = createShell(path.join(checkout.stateDirectory, 'logs', `${logName}.log`), () => undefined);
  try {
    return await openEnvironment(shell, checkout);
  } catch (error) {
    await shell.close();
    throw error;
  }
}

async function openEnvironment(shell: Shell, checkout: Checkout): Promise<LocalEnvironment> {
  const road = roadTaken(checkout);
  if (!road) {
    throw new LocalError({
      code: 'Missing',
      operation: 'find the local environment',
      message: `nothing of ${checkout.root} is up`,
      remedy: 'npm run up',
    });
  }
  const engine = openEngine(checkout, road);
  const context = { shell, checkout, engine };
  const nodeAddress = await containerAddress(context, managementNode(checkout));
  const kubeconfig = managementKubeconfig(checkout);
  const newLine = (tenant: string): Promise<string> => createJoinLine(shell, checkout, tenant);

  return {
    checkout,
    engine,
    managementKubeconfig: kubeconfig,
    nodeAddress,
    nodeContainer: managementNode(checkout),
    tenantKubeconfig: (name) => tenantKubeconfig(checkout, name),
    async fetchTenantKubeconfig(name, namespace) {
      return await waitForTenant(checkout, await openKubectl(shell, kubeconfig), { name, namespace });
    },
    createJoinLine: newLine,
    async startWorker(worker) {
      await startWorker(context, worker);
    },
    async joinWorker(worker, tenant, joinLine) {
      const kubectl = await openKubectl(shell, tenantKubeconfig(checkout, tenant));
      await joinWorker(context, worker, joinLine ?? (await newLine(tenant)), kubectl);
    },
    removeWorker: (worker) => removeWorker(context, worker),
    cutPower: () => cutPower(context),
    [Symbol.asyncDispose]: () => shell.close(),
  };
}
