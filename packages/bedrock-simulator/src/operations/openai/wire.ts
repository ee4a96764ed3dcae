import { randomUUID } from 'node:crypto';
import { type JsonObject, stringOf } from '../../json.js';
import type { SimulatedResponse } from '../../types.js';

/** Headers of every stream. */
export const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' };

/** The last event of a stream of completions. */
const DONE = Buffer.from('data: [DONE]\n\n');

/** Writes a server-sent event. */
export function sentEvent(data: object, name?: string): Uint8Array {
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
}

/** Answers with the chunks of a completion. */
export function streamed(chunks: readonly JsonObject[]): SimulatedResponse {
  return { headers: requestIds(), events: [...chunks.map((chunk) => sentEvent(chunk)), DONE] };
}

/** Answers with the events of the Responses API. Each names its type, and no further event closes the stream. */
export function streamedEvents(events: readonly JsonObject[]): SimulatedResponse {
  return { headers: requestIds(), events: events.map((event) => sentEvent(event, stringOf(event['type']))) };
}

export function answered(body: JsonObject): SimulatedResponse {
  return { headers: requestIds(), body };
}

/** Both names have the same id. */
export function requestIds(): Readonly<Record<string, string>> {
  const id = `req_${randomUUID().replaceAll('-', '')}`;
  return { 'x-request-id': id, 'x-amzn-requestid': id };
}

/** The creation time of every answer, so that equal requests get equal answers. In seconds. */
export const CREATED = 1_790_000_000;
