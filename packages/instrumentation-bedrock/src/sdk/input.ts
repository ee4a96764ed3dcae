/** Lets calls replace the input that the SDK sends, through one middleware per client. */

import type { Middleware, SdkClient } from './client.js';
import { middlewareAdder } from './middleware.js';
import { sendFinder } from './traced-sends.js';

/**
 * Adds the middleware to a client. It is the innermost of its step, so that it sees what the application's middleware sets.
 *
 * @throws if the application's stack refuses it.
 */
export const replaceInputs: (client: SdkClient) => void = middlewareAdder(
  { name: 'opentelemetry-instrumentation-bedrock.input', step: 'initialize' },
  middlewareOf,
);

function middlewareOf(client: SdkClient): Middleware {
  return (next, handlerContext) => {
    const findSend = sendFinder(client, handlerContext);
    if (!findSend) return next;
    return (args) => {
      // Absent in older versions of this package, whose calls this middleware can find, too.
      const call = findSend()?.call as { inputToSend?(input: unknown): unknown } | undefined;
      const input = call?.inputToSend ? call.inputToSend(args.input) : args.input;
      return next(input === args.input ? args : { ...args, input });
    };
  };
}
