/** The ways in which applications use an answer, and what they see of it. */

import { createHash } from 'node:crypto';
import type { AnyClient, EndpointName } from './endpoints.js';
import type { SoakRequest } from './requests.js';

/** What an application saw of one call, as a text to compare. */
export type Outcome = string;

export interface Situation {
  readonly name: string;
  /** The frequency relative to the other situations. */
  readonly weight: number;
  /** The operations in which it can occur. */
  readonly of: 'all' | 'streams' | 'answers';
  readonly endpoint: EndpointName;
  /** True if the call destroys its client, which must be its own then. */
  readonly ownClient?: boolean;
  readonly use: Use;
}

type Use = (client: AnyClient, request: SoakRequest) => Promise<Outcome>;

export const SITUATIONS: readonly Situation[] = [
  { name: 'read', weight: 36, of: 'all', endpoint: 'well', use: read },
  { name: 'long stream', weight: 4, of: 'streams', endpoint: 'long', use: read },
  { name: 'callback', weight: 8, of: 'all', endpoint: 'well', use: callback },
  { name: 'callback with options', weight: 4, of: 'all', endpoint: 'well', use: callbackWithOptions },
  { name: 'throttled, retried', weight: 2, of: 'all', endpoint: 'throttling once', use: read },
  { name: 'unavailable, retried', weight: 2, of: 'all', endpoint: 'unavailable once', use: read },
  { name: 'throttled', weight: 3, of: 'all', endpoint: 'throttling', use: read },
  { name: 'invalid', weight: 3, of: 'all', endpoint: 'validation-error', use: read },
  { name: 'denied, by callback', weight: 2, of: 'all', endpoint: 'access-denied', use: callback },
  { name: 'empty body', weight: 1, of: 'all', endpoint: 'empty-body', use: read },
  { name: 'not JSON', weight: 1, of: 'all', endpoint: 'not-json', use: read },
  { name: 'half of an answer', weight: 1, of: 'answers', endpoint: 'truncated', use: read },
  { name: 'exception in mid-stream', weight: 4, of: 'streams', endpoint: 'mid-stream-error', use: read },
  { name: 'error frame', weight: 2, of: 'streams', endpoint: 'error-frame', use: read },
  { name: 'reset stream', weight: 3, of: 'streams', endpoint: 'reset', use: readToError },
  { name: 'truncated stream', weight: 4, of: 'streams', endpoint: 'truncated', use: read },
  { name: 'break', weight: 5, of: 'streams', endpoint: 'left early', use: breakOff },
  { name: 'throw', weight: 2, of: 'streams', endpoint: 'left early', use: throwInLoop },
  { name: 'return()', weight: 2, of: 'streams', endpoint: 'left early', use: returnByHand },
  { name: 'never read', weight: 2, of: 'streams', endpoint: 'left early', use: drop },
  { name: 'aborted before', weight: 2, of: 'all', endpoint: 'well', use: abortBefore },
  { name: 'aborted while waiting', weight: 3, of: 'all', endpoint: 'hang', use: abortWhileWaiting },
  { name: 'aborted in mid-stream', weight: 3, of: 'streams', endpoint: 'slow, left early', use: abortInMidStream },
  { name: 'client destroyed', weight: 1, of: 'streams', endpoint: 'long', use: destroyClient, ownClient: true },
];

export function canBefall({ of }: Situation, { streamMember }: SoakRequest): boolean {
  return of === 'all' || (of === 'streams') === (streamMember !== undefined);
}

interface Output {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly [member: string]: unknown;
}

type Send = (command: object, ...rest: unknown[]) => Promise<Output>;

function send(client: AnyClient, ...args: Parameters<Send>): Promise<Output> {
  return (client.send as Send).apply(client, args);
}

function streamOf(output: Output, { streamMember }: SoakRequest): AsyncIterable<unknown> {
  return output[streamMember as string] as AsyncIterable<unknown>;
}

async function read(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  return send(client, request.createCommand()).then((output) => readOutput(output, request), describeError);
}

async function callback(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  return readCallback(client, request, []);
}

async function callbackWithOptions(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  return readCallback(client, request, [{ requestTimeout: 60_000 }]);
}

function readCallback(client: AnyClient, request: SoakRequest, options: object[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const done = (error: unknown, output: unknown): void => {
      resolve(error ? describeError(error) : readOutput(output as Output, request));
    };
    void send(client, request.createCommand(), ...options, done);
  });
}

/** The number of events before the reset depends on the network, so only the error is compared. */
async function readToError(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  try {
    for await (const _event of streamOf(await send(client, request.createCommand()), request));
    return 'ended';
  } catch (error) {
    return describeError(error);
  }
}

async function breakOff(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const events: unknown[] = [];
  for await (const event of streamOf(await send(client, request.createCommand()), request)) {
    if (events.push(event) === 2) break;
  }
  return describe(events);
}

async function throwInLoop(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const stream = streamOf(await send(client, request.createCommand()), request);
  try {
    for await (const event of stream) throw new Error(describe(event));
    return 'ended';
  } catch (error) {
    return describeError(error);
  }
}

async function returnByHand(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const iterator = streamOf(await send(client, request.createCommand()), request)[Symbol.asyncIterator]();
  return describe([await iterator.next(), await iterator.return?.(), await iterator.next()]);
}

async function drop(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const { $metadata } = await send(client, request.createCommand());
  return `${$metadata.httpStatusCode}, never read`;
}

async function abortBefore(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const abortSignal = AbortSignal.abort();
  return send(client, request.createCommand(), { abortSignal }).then(() => 'answered', describeError);
}

async function abortWhileWaiting(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const controller = new AbortController();
  const answer = send(client, request.createCommand(), { abortSignal: controller.signal });
  setImmediate(() => controller.abort());
  return answer.then(() => 'answered', describeError);
}

/** The events after the abort depend on the network, so they are not compared. */
async function abortInMidStream(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const controller = new AbortController();
  const output = await send(client, request.createCommand(), { abortSignal: controller.signal });
  const events: unknown[] = [];
  try {
    for await (const event of streamOf(output, request)) {
      if (events.length < 2) events.push(event);
      if (events.length === 2) controller.abort();
    }
    return `${describe(events)}, ended`;
  } catch (error) {
    return `${describe(events)}, ${describeError(error)}`;
  }
}

async function destroyClient(client: AnyClient, request: SoakRequest): Promise<Outcome> {
  const output = await send(client, request.createCommand());
  client.destroy();
  return readOutput(output, request);
}

async function readOutput(output: Output, request: SoakRequest): Promise<Outcome> {
  const { $metadata, ...members } = output;
  const status = `${$metadata.httpStatusCode}, attempt ${$metadata.attempts}`;
  if (!request.streamMember) return `${status}, ${describe(members)}`;
  const events: unknown[] = [];
  try {
    for await (const event of streamOf(output, request)) events.push(event);
    return `${status}, ${events.length} events ${describe(events)}, ended`;
  } catch (error) {
    return `${status}, ${events.length} events ${describe(events)}, ${describeError(error)}`;
  }
}

function describeError(error: unknown): Outcome {
  const { name, message } = error as Error;
  return `${name}: ${message}`;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value, (_key, member) =>
    member instanceof Uint8Array ? Buffer.from(member).toString('base64') : member,
  );
  return createHash('sha1').update(text).digest('base64url').slice(0, 10);
}
