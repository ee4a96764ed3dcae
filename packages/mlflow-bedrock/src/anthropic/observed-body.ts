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

function observeStream(body: ReadableStream<Uint8Array>, observer: BodyObserver): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      // Like the body of `fetch`, it can be read into the buffers of its reader.
      type: 'bytes',
      async pull(controller) {
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
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is read ahead.
    { highWaterMark: 0 },
  );
}
