import { decodeFrame, splitFrames } from './event-stream.js';
import { isObject, type JsonObject } from './json.js';

/**
 * Reads the events that a client streams as the body of its request, as they arrive. Ends at the client's closing frame,
 * at the end of the body, or when the client disconnects.
 *
 * @param pieces the bytes of the body.
 */
export async function* readInputEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<JsonObject> {
  let rest = Buffer.alloc(0);
  try {
    for await (const piece of pieces) {
      const frames = [...splitFrames(Buffer.concat([rest, piece]))];
      const last = frames.at(-1);
      rest = Buffer.alloc(0);
      if (last && !isWhole(last)) {
        rest = Buffer.from(last);
        frames.pop();
      }
      for (const frame of frames) {
        const event = readEvent(frame);
        if (event === undefined) return;
        yield event;
      }
    }
  } catch {
    // A client may disconnect at any time.
  }
}

function isWhole(frame: Uint8Array): boolean {
  return frame.length >= 4 && new DataView(frame.buffer, frame.byteOffset).getUint32(0) === frame.length;
}

/** Returns the model's own JSON in a frame; undefined for the closing frame, which is empty. */
function readEvent(frame: Uint8Array): JsonObject | undefined {
  let message = decodeFrame(frame);
  // The SDK signs each event: the frame with the signature contains that of the event.
  if (':chunk-signature' in message.headers) {
    if (message.body.length === 0) return undefined;
    message = decodeFrame(message.body);
  }
  if (message.body.length === 0) return undefined;
  const payload = parse(Buffer.from(message.body).toString('utf8'));
  const { bytes } = payload;
  return typeof bytes === 'string' ? parse(Buffer.from(bytes, 'base64').toString('utf8')) : payload;
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { text };
  } catch {
    return { text };
  }
}
