/** Passes the body of an answer on, and shows each part of it as soon as the reader asks for it. */

export interface BodyObserver {
  part(bytes: Uint8Array): void;
  /** The body was read to its end. */
  end(): void;
}

/** The response with a body that is observed. The response itself if its body cannot be observed. */
export function observeBody(response: Response, observer: BodyObserver): Response {
  const { body, status, statusText, headers } = response;
  // A custom `fetch` may return streams of another kind.
  if (!(body instanceof ReadableStream) || response.bodyUsed || body.locked) return response;
  const observed = new Response(observeStream(body, observer), { status, statusText, headers });
  // The constructor cannot set these.
  for (const name of ['url', 'redirected', 'type'] as const) {
    Object.defineProperty(observed, name, { value: response[name], configurable: true });
  }
  return observed;
}

/** The parts in use of the controllers of both kinds of streams. */
interface Controller {
  enqueue(part: Uint8Array): void;
  close(): void;
  readonly byobRequest?: { respond(length: number): void } | null;
}

function observeStream(body: ReadableStream<Uint8Array>, observer: BodyObserver): ReadableStream<Uint8Array> {
  const isOfBytes = canFillBuffers(body);
  const reader = body.getReader();
  const source = {
    async pull(controller: Controller) {
      const { done, value } = await reader.read();
      if (!done) {
        observer.part(value);
        controller.enqueue(value);
        return;
      }
      observer.end();
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  };
  // Nothing is read ahead.
  const strategy = { highWaterMark: 0 };
  return isOfBytes ? new ReadableStream({ ...source, type: 'bytes' }, strategy) : new ReadableStream(source, strategy);
}

/**
 * Returns true for a stream that can be read into the buffers of its reader, like the body of `fetch`. Another stream, of
 * a custom `fetch`, may have empty parts, or parts that share a buffer. A stream of bytes would refuse them.
 */
function canFillBuffers(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
