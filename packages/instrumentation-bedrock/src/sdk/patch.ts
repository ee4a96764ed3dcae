/**
 * Replaces `send` and `destroy` on the prototype that all AWS clients of one SDK copy share, once for any number of
 * instrumentations.
 */

import type { ResolvedConfig } from '../data/settings.js';
import type { SdkClient, SdkCommand, Send } from './client.js';

/** One use of the replaced `send`. */
export interface SendArguments {
  /** The function in place of `send`. There are two if an application wrapped the first and it was replaced again. */
  readonly wrapper: object;
  readonly original: Send;
  readonly client: SdkClient;
  readonly command: SdkCommand;
  /** The arguments after the command. */
  readonly rest: unknown[];
}

/** One use of the replaced `makeRequest`, of OpenAI's SDK. */
export interface RequestArguments {
  readonly original: (this: object, ...args: [options: unknown, ...rest: unknown[]]) => unknown;
  readonly client: object;
  readonly args: [options: unknown, ...rest: unknown[]];
}

/** An instrumentation as the replaced methods see it. */
export interface Owner {
  isEnabled(): boolean;
  /** Its settings for content. Absent in older versions of this package. */
  content?(): ResolvedConfig;
  /**
   * Handles a call. Returns undefined if the original is to handle it.
   *
   * @param others the other enabled instrumentations. The call records no content that one of them leaves out.
   */
  send(args: SendArguments, others: readonly Owner[]): { readonly result: unknown } | undefined;
  /** Handles a request of OpenAI's SDK, see {@link send}. */
  request(args: RequestArguments, others: readonly Owner[]): { readonly result: unknown } | undefined;
  /** The application has destroyed a client. */
  destroyed(client: SdkClient): void;
}

// Registered, so that the CommonJS and the ES module build of this package, or two versions, see each other's patch.
const OWNERS = Symbol.for('opentelemetry-instrumentation-bedrock.owners.3');

type Method = (this: never, ...args: never[]) => unknown;
type Destroy = (this: SdkClient, ...args: unknown[]) => unknown;
type PatchedMethod<Kind extends Method> = Kind & { readonly [OWNERS]?: Owner[] };

/**
 * Lets `owner` handle the calls of all clients with this prototype. If several instrumentations own a prototype, the
 * enabled one that came last handles a call.
 *
 * @returns the lists of owners, from which an owner can remove itself; undefined if there is no `send`.
 * @throws TypeError if the prototype is frozen.
 */
export function patchClient(prototype: object, owner: Owner): Owner[][] | undefined {
  const owners = patchMethod<Send>(prototype, 'send', owner, sendThrough);
  if (!owners) return undefined;
  const destroyOwners = patchMethod<Destroy>(prototype, 'destroy', owner, destroyThrough);
  return destroyOwners ? [owners, destroyOwners] : [owners];
}

function sendThrough(original: Send, owners: readonly Owner[]): Send {
  return function send(this: SdkClient, command, ...rest) {
    const enabled = owners.filter((owner) => owner.isEnabled());
    const handled = enabled.pop()?.send({ wrapper: send, original, client: this, command, rest }, enabled);
    return handled ? handled.result : original.call(this, command, ...rest);
  };
}

function destroyThrough(original: Destroy, owners: readonly Owner[]): Destroy {
  return function destroy(this: SdkClient, ...args) {
    try {
      return original.apply(this, args);
    } finally {
      for (const owner of owners) owner.destroyed(this);
    }
  };
}

/**
 * Replaces the method by what `wrap` makes of it, unless another instrumentation has done so.
 *
 * @returns the owners of the replacement; undefined if there is no such method.
 */
export function patchMethod<Kind extends Method>(
  prototype: object,
  name: string,
  owner: Owner,
  wrap: (original: Kind, owners: readonly Owner[]) => Kind,
): Owner[] | undefined {
  const holder = lastHolder<PatchedMethod<Kind>>(prototype, name);
  const original = holder?.[name];
  if (!original) return undefined;
  const known = original[OWNERS];
  if (known) {
    if (!known.includes(owner)) known.push(owner);
    return known;
  }
  const owners = [owner];
  replaceMethod(holder, name, original, wrap(original, owners), owners);
  return owners;
}

/**
 * Returns the last object of the prototype chain that holds the method: the SDK's own class. Classes above belong to the
 * application, or to a mock that expects to remove exactly what it has put there.
 */
function lastHolder<Kind>(prototype: object, name: string): Record<string, Kind> | undefined {
  let found: object | undefined;
  for (let object: object | null = prototype; object; object = Object.getPrototypeOf(object)) {
    if (typeof Object.getOwnPropertyDescriptor(object, name)?.value === 'function') found = object;
  }
  return found as Record<string, Kind> | undefined;
}

/**
 * The replacement gets the name, length and symbols of the original. Other packages recognise their own wrapper by such a
 * symbol; without it, two packages would wrap each other without end.
 */
function replaceMethod(holder: object, name: string, original: Method, replacement: Method, owners: Owner[]): void {
  for (const key of ['name', 'length', ...Object.getOwnPropertySymbols(original)]) {
    Object.defineProperty(replacement, key, { ...Object.getOwnPropertyDescriptor(original, key) });
  }
  Object.defineProperty(replacement, OWNERS, { value: owners });
  Object.defineProperty(holder, name, { ...Object.getOwnPropertyDescriptor(holder, name), value: replacement });
}
