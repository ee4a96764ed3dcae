/** Replaces `send` on the prototype that all AWS clients of one SDK copy share, once for any number of instrumentations. */

import type { SdkClient, SdkCommand, Send } from './sdk.js';

/** An instrumentation as the replaced `send` sees it. */
export interface Owner {
  isEnabled(): boolean;
  /** Handles a call, or returns nothing to leave it to the original. */
  handle(
    original: Send,
    client: SdkClient,
    command: SdkCommand,
    rest: unknown[],
  ): { readonly result: unknown } | undefined;
}

// Registered, so that the CommonJS and the ES module build of this package, or two versions, see each other's patch.
const OWNERS = Symbol.for('opentelemetry-instrumentation-bedrock.owners.1');

type PatchedSend = Send & { readonly [OWNERS]?: Owner[] };

interface SendPrototype {
  send: PatchedSend;
}

/**
 * Lets `owner` handle the calls of all clients with this prototype. When several instrumentations own a prototype
 * (registered twice, or by module hook and by hand), the one that came last and is enabled handles a call.
 *
 * @returns false when there is no `send` to patch.
 * @throws TypeError when the prototype is frozen.
 */
export function patchSend(prototype: object, owner: Owner): boolean {
  const holder = findSend(prototype);
  if (!holder) return false;
  const known = holder.send[OWNERS];
  if (known) {
    if (!known.includes(owner)) known.push(owner);
    return true;
  }
  const owners: Owner[] = [owner];
  const original = holder.send;
  const send: Send = function (this: SdkClient, command: SdkCommand, ...rest: unknown[]): unknown {
    const enabled = owners.findLast((candidate) => candidate.isEnabled());
    const handled = enabled?.handle(original, this, command, rest);
    return handled ? handled.result : original.call(this, command, ...rest);
  };
  Object.defineProperty(send, 'name', { value: original.name, configurable: true });
  Object.defineProperty(send, 'length', { value: original.length, configurable: true });
  Object.defineProperty(send, OWNERS, { value: owners });
  const descriptor = Object.getOwnPropertyDescriptor(holder, 'send');
  Object.defineProperty(holder, 'send', { ...descriptor, value: send });
  return true;
}

/** The object of the prototype chain that holds `send`: SDK copies differ in which class defines it. */
function findSend(prototype: object): SendPrototype | undefined {
  for (let object: object | null = prototype; object; object = Object.getPrototypeOf(object)) {
    const value = Object.getOwnPropertyDescriptor(object, 'send')?.value;
    if (typeof value === 'function') return object as SendPrototype;
  }
  return undefined;
}
