import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { EVENT_STREAM_TYPE, encodeEvent } from './event-stream.js';
import type { Wire } from './server.js';
import type { SimulatedResponse } from './types.js';

/** In milliseconds. A client drops data that arrives together with a reset, so the reset comes later. */
const PAUSE_BEFORE_RESET = 20;

/** Writes an answer to the client, frame by frame if it is a stream. Headers of the answer win over `streamHeaders`. */
export async function send(
  wire: Wire,
  response: SimulatedResponse,
  streamHeaders: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { status = 200, headers, body, events, interval = 0, ending = 'complete' } = response;
  if (wire.closed.aborted) return;
  if (events) {
    const defaults = { 'content-type': EVENT_STREAM_TYPE, 'x-amzn-requestid': randomUUID() };
    wire.start(status, { ...defaults, ...streamHeaders, ...headers });
    for await (const event of events) {
      if (!(event instanceof Uint8Array) && event.pause) await pause(event.pause, wire.closed);
      if (wire.closed.aborted) return;
      await wire.write(event instanceof Uint8Array ? event : encodeEvent(event));
      // A turn of the event loop separates the frames. Otherwise a client in the same process reads many at once.
      await (interval > 0 ? pause(interval, wire.closed) : nextTurn());
    }
  } else if (body !== undefined || ending === 'complete') {
    wire.start(status, { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers });
    const bytes = bytesOf(body);
    if (bytes.length > 0) await wire.write(bytes);
  }
  if (ending === 'complete') wire.end();
  if (ending === 'reset') {
    await pause(PAUSE_BEFORE_RESET, wire.closed);
    wire.reset();
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body === undefined) return new Uint8Array();
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
