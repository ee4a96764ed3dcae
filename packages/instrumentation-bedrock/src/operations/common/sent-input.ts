/** The input that the SDK sends in the place of the application's own object. */

/**
 * Returns an object that has the members of `input`, and `members` in the place of its own. `input` stays unchanged and is
 * returned itself if it is no object.
 */
export function withMembers(input: unknown, members: Readonly<Record<string, unknown>>): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null ? { ...input, ...members } : overlaid(input, members);
}

/** An object of a class can have getters that read private members, which no copy has. */
function overlaid(input: object, members: Readonly<Record<string, unknown>>): object {
  const get = (key: PropertyKey): unknown =>
    Object.hasOwn(members, key) ? members[key as string] : Reflect.get(input, key, input);
  return new Proxy(Object.create(Object.getPrototypeOf(input)) as object, {
    get: (_, key) => get(key),
    has: (_, key) => Object.hasOwn(members, key) || Reflect.has(input, key),
    ownKeys: () => [...new Set([...Reflect.ownKeys(input), ...Object.keys(members)])],
    getOwnPropertyDescriptor(_, key) {
      const own = Reflect.getOwnPropertyDescriptor(input, key);
      if (!own && !Object.hasOwn(members, key)) return undefined;
      return { value: get(key), enumerable: own?.enumerable ?? true, configurable: true, writable: true };
    },
  });
}
