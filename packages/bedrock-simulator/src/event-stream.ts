import { EventStreamCodec } from '@smithy/core/event-streams';
import { isObject, objectOf } from './json.js';
import type { StreamEvent } from './types.js';

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

const PADDING = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

/** Encodes one event as a frame of the service: prelude, headers, JSON payload, checksums. */
export function encodeEvent(event: StreamEvent): Uint8Array {
  switch (event.messageType) {
    case 'exception':
      return frame(
        { ':exception-type': event.type, ':content-type': 'application/json', ':message-type': 'exception' },
        event.payload ?? {},
      );
    case 'error':
      return frame({ ':error-code': event.type, ':error-message': messageOf(event.payload), ':message-type': 'error' });
    default:
      return frame(
        { ':event-type': event.type, ':content-type': 'application/json', ':message-type': 'event' },
        payloadOf(event),
      );
  }
}

/** Decodes a frame of a client: its headers, and its payload as bytes. */
export function decodeFrame(bytes: Uint8Array): { readonly headers: object; readonly body: Uint8Array } {
  return codec.decode(bytes);
}

/** Splits a recorded event stream into its frames. An incomplete frame comes last, in one piece. */
export function* splitFrames(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const length = view.getUint32(offset);
    // A frame has at least 16 bytes. A shorter length is invalid, and with length 0 the loop would never end.
    if (length < 16 || offset + length > bytes.length) break;
    yield bytes.subarray(offset, offset + length);
    offset += length;
  }
  if (offset < bytes.length) yield bytes.subarray(offset);
}

/** Events whose payload has a key `p` of random length, by which the service hides the size of the content. */
const PADDED_EVENTS = new Set([
  'contentBlockDelta',
  'contentBlockStart',
  'contentBlockStop',
  'messageStart',
  'messageStop',
  'metadata',
]);

/** Members of chunks that are no model's own JSON: those of agents, and of commands in AgentCore. */
const OWN_MEMBERS = ['bytes', 'contentStart', 'contentDelta', 'contentStop'];

function payloadOf({ type, payload }: StreamEvent): unknown {
  const isOwn = isObject(payload) && OWN_MEMBERS.some((name) => payload[name] !== undefined);
  if (type === 'chunk' && !isOwn) {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload ?? {});
    return { bytes: Buffer.from(text).toString('base64'), p: padding() };
  }
  return PADDED_EVENTS.has(type) ? { ...objectOf(payload), p: padding() } : (payload ?? {});
}

function padding(): string {
  return PADDING.slice(0, 3 + Math.floor(Math.random() * (PADDING.length - 3)));
}

function messageOf(payload: unknown): string {
  const message = (payload as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : '';
}

function frame(headers: Readonly<Record<string, string>>, payload?: unknown): Uint8Array {
  return codec.encode({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }])),
    body: payload === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(payload)),
  });
}
