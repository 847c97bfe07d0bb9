import type { Checkout } from './checkout.ts';
import type { ContainerEngine } from './engine.ts';
import type { Shell } from './shell.ts';

/** What almost everything here works with: one step's shell, the checkout and the engine that runs its containers. */
export interface Context {
  readonly shell: Shell;
  readonly checkout: Checkout;
  readonly engine: ContainerEngine;
}
