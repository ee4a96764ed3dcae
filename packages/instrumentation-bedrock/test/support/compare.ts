/** Compares what an application sees without and with the instrumentation. */

import { createRequire } from 'node:module';
import type * as sdk from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import type { Tracing } from './tracing.js';

/**
 * Runs `run` without the instrumentation, then with it, and expects the same outcome.
 *
 * @returns the outcome. The spans are those of the traced run.
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

/** The parts of an error that do not differ between two requests. */
export function errorView(error: unknown): object {
  const { name, message } = error as Error;
  return { error: name, message, class: (error as Error).constructor.name };
}

/** The members of an object, with the prototypes and the flags of their properties, to any depth. */
export function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(value));
  const symbols = Object.getOwnPropertySymbols(value).map((key) => {
    const { value: _, ...flags } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    return [key, flags];
  });
  const isBytes = ArrayBuffer.isView(value);
  const members = isBytes ? [] : descriptors.map(([key, { value: member, ...flags }]) => [key, flags, shapeOf(member)]);
  return [Object.getPrototypeOf(value)?.constructor.name, Object.isFrozen(value), symbols, members];
}

/**
 * Collects unhandled rejections and uncaught exceptions while `run` runs.
 *
 * @param expected how many to wait for. More are collected if they occur within the next five turns of the event loop.
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

/** Waits for turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Waits for a condition that another part of this process will fulfil.
 *
 * @throws Error after 15 seconds.
 */
export async function until(isTrue: () => boolean): Promise<void> {
  const start = performance.now();
  while (!isTrue()) {
    if (performance.now() - start > 15_000) throw new Error('what was waited for has not come');
    await turns(1);
  }
}

/** The SDK's handler for HTTP/1.1, from the copy that the client uses. By default the client uses HTTP/2. */
export function http1Handler(options: object = {}): sdk.BedrockRuntimeClientConfig {
  const ofThisFile = createRequire(import.meta.url);
  const ofClient = createRequire(ofThisFile.resolve('@aws-sdk/client-bedrock-runtime'));
  const { NodeHttpHandler } = ofClient('@smithy/node-http-handler') as HandlerModule;
  return { requestHandler: new NodeHttpHandler(options) };
}

/** The SDK's handler for HTTP/2, for clients that use HTTP/1.1 by default, such as that of AgentCore. */
export function http2Handler(): sdk.BedrockRuntimeClientConfig {
  const ofThisFile = createRequire(import.meta.url);
  const ofClient = createRequire(ofThisFile.resolve('@aws-sdk/client-bedrock-runtime'));
  const { NodeHttp2Handler } = ofClient('@smithy/node-http-handler') as HandlerModule;
  return { requestHandler: new NodeHttp2Handler() };
}

interface HandlerModule {
  readonly NodeHttp2Handler: new () => NonNullable<sdk.BedrockRuntimeClientConfig['requestHandler']>;
  readonly NodeHttpHandler: new (options: object) => NonNullable<sdk.BedrockRuntimeClientConfig['requestHandler']>;
}
