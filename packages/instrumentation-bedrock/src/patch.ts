/** Replaces methods of the SDK: `send` once for any number of instrumentations, on the prototype that all AWS clients of one copy share. */

import type { SdkClient, SdkCommand, Send } from './sdk.js';

/** An instrumentation as the replaced `send` sees it. */
export interface Owner {
  isEnabled(): boolean;
  /**
   * Handles a call, or returns nothing to leave it to the original.
   *
   * @param wrapper the replaced `send` that was called.
   */
  handle(
    wrapper: object,
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
 * @returns the owners, from which one removes itself and to which it comes back; undefined when there is no `send`.
 * @throws TypeError when the prototype is frozen.
 */
export function patchSend(prototype: object, owner: Owner): Owner[] | undefined {
  const holder = lastHolder<SendPrototype>(prototype, 'send');
  if (!holder) return undefined;
  const known = holder.send[OWNERS];
  if (known) {
    if (!known.includes(owner)) known.push(owner);
    return known;
  }
  const owners: Owner[] = [owner];
  const original = holder.send;
  const send: Send = function (this: SdkClient, command: SdkCommand, ...rest: unknown[]): unknown {
    const enabled = owners.findLast((candidate) => candidate.isEnabled());
    const handled = enabled?.handle(send, original, this, command, rest);
    return handled ? handled.result : original.call(this, command, ...rest);
  };
  replaceMethod(holder, 'send', send, { [OWNERS]: owners });
  return owners;
}

/**
 * The object of the prototype chain that holds the SDK's own method: the last that has one. What classes above override
 * is the application's, or a mock's that wants to take back just what it put there.
 */
export function lastHolder<Holder extends object>(prototype: object, name: keyof Holder & string): Holder | undefined {
  let found: Holder | undefined;
  for (let object: object | null = prototype; object; object = Object.getPrototypeOf(object)) {
    const value = Object.getOwnPropertyDescriptor(object, name)?.value;
    if (typeof value === 'function') found = object as Holder;
  }
  return found;
}

/**
 * Puts a function in the place of a method, looking like it but for the marks it is known by.
 *
 * @throws TypeError when the object is frozen.
 */
export function replaceMethod<Name extends string, Method extends (...args: never[]) => unknown>(
  holder: Readonly<Record<Name, Method>>,
  name: Name,
  replacement: Method,
  marks: Readonly<Record<symbol, unknown>>,
): void {
  const original = holder[name];
  Object.defineProperty(replacement, 'name', { value: original.name, configurable: true });
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true });
  for (const mark of Object.getOwnPropertySymbols(marks))
    Object.defineProperty(replacement, mark, { value: marks[mark] });
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { ...descriptor, value: replacement });
}
