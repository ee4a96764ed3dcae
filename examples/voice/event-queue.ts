/** The application puts events in, and the SDK takes them out when the connection can send them. */
export class EventQueue implements AsyncIterable<{ chunk: { bytes: Uint8Array } }> {
  readonly #events: object[] = [];
  #isClosed = false;
  #wake = (): void => {};

  send(event: object): void {
    this.#events.push(event);
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) yield { chunk: { bytes: Buffer.from(JSON.stringify({ event })) } };
      else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
