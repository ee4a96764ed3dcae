/**
 * Replaces methods of the SDK: `send` on the prototype that all AWS clients of one copy share, once for any number of
 * instrumentations.
 */

import type { SdkClient, SdkCommand, Send } from './types.js';

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
  replaceMethod(holder, 'send', send, OWNERS, owners);
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
 * Puts a function in the place of a method, with its name and length, and with the symbols that it is known by to
 * others: two that do not see their own would replace each other for ever.
 *
 * @throws TypeError when the object is frozen.
 */
export function replaceMethod<Name extends string, Method extends (...args: never[]) => unknown>(
  holder: Readonly<Record<Name, Method>>,
  name: Name,
  replacement: Method,
  mark: symbol,
  value: unknown,
): void {
  const original = holder[name];
  for (const key of ['name', 'length', ...Object.getOwnPropertySymbols(original)]) {
    Object.defineProperty(replacement, key, { ...Object.getOwnPropertyDescriptor(original, key) });
  }
  Object.defineProperty(replacement, mark, { value });
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { ...descriptor, value: replacement });
}
