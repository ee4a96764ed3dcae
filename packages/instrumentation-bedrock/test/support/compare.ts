/** The measure of harmlessness: the same thing done without the instrumentation and with it. */

import { createRequire } from 'node:module';
import type * as sdk from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import type { Tracing } from './tracing.js';

/**
 * Runs `run` without the instrumentation, then with it, and expects the same outcome.
 *
 * @returns that outcome; the spans are those of the traced run.
 */
export async function sameAsUntraced<Outcome>(
  { instrumentation, spans }: Tracing,
  run: () => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  instrumentation.disable();
  const before = spans().length;
  const plain = await run();
  expect(spans(), 'spans of the untraced run').to.have.lengthOf(before);
  instrumentation.enable();
  const traced = await run();
  expect(traced).to.deep.equal(plain);
  return traced;
}

/** What of an error an application can tell apart, without what differs between two requests. */
export function errorView(error: unknown): object {
  const { name, message } = error as Error;
  return { error: name, message, class: (error as Error).constructor.name };
}

/**
 * What reaches nobody while `run` runs: unhandled rejections and uncaught exceptions.
 *
 * @param expected so many are waited for; any more must come within the next turns of the event loop.
 */
export async function strayErrors(expected: number, run: () => unknown): Promise<unknown[]> {
  const events = ['unhandledRejection', 'uncaughtException'] as const;
  const others = events.map((event) => process.listeners(event as 'uncaughtException'));
  for (const event of events) process.removeAllListeners(event);
  const strays: unknown[] = [];
  try {
    for (const event of events) process.on(event, (error) => strays.push(error));
    await run();
    await until(() => strays.length >= expected);
    await turns(5);
    return strays;
  } finally {
    for (const [index, event] of events.entries()) {
      process.removeAllListeners(event);
      for (const listener of others[index] ?? []) process.on(event, listener);
    }
  }
}

/** Turns of the event loop, for what is due to happen now. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Waits for what other parts of this process are about to do.
 *
 * @throws Error when it has not come after 15 seconds.
 */
export async function until(isTrue: () => boolean): Promise<void> {
  const start = performance.now();
  while (!isTrue()) {
    if (performance.now() - start > 15_000) throw new Error('what was waited for has not come');
    await turns(1);
  }
}

/** The SDK's handler for HTTP/1.1, of the copy that the client uses; by itself the client speaks HTTP/2. */
export function http1Handler(options: object = {}): sdk.BedrockRuntimeClientConfig {
  const ofThisFile = createRequire(import.meta.url);
  const ofClient = createRequire(ofThisFile.resolve('@aws-sdk/client-bedrock-runtime'));
  const { NodeHttpHandler } = ofClient('@smithy/node-http-handler') as HandlerModule;
  return { requestHandler: new NodeHttpHandler(options) };
}

interface HandlerModule {
  readonly NodeHttpHandler: new (options: object) => NonNullable<sdk.BedrockRuntimeClientConfig['requestHandler']>;
}
