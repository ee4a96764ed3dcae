/** Adds named middleware to clients. */

import type { Middleware, MiddlewareOptions, SdkClient } from './client.js';

/**
 * Returns a function that adds a middleware to a client, in the innermost position of its step, once for each stack that
 * the client has. The middleware stays there and passes calls on that are not traced. The function throws if the
 * application's stack refuses it.
 */
export function middlewareAdder(
  { name, step }: Pick<MiddlewareOptions, 'name' | 'step'>,
  create: (client: SdkClient) => Middleware,
): (client: SdkClient) => void {
  /** The stacks that have the middleware. */
  const stacks = new WeakSet<object>();
  return (client) => {
    const stack = client.middlewareStack;
    if (!stack || stacks.has(stack)) return;
    stacks.add(stack);
    // A copied stack has the middleware already, and a second build of this package adds its own. Both do the same.
    stack.add(create(client), { name, step, priority: 'low', override: true });
  };
}
