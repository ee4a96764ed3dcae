/** The input of a call whose application sends a stream of events. */

import { setTimeout } from 'node:timers';
import type { Failure } from '../data/facts.js';

/** If the input fails, the SDK can leave the answer open for ever, and it reports nothing. */
const MILLIS_UNTIL_FAILED = 1000;

/** Gets what happens to the input. Its end ends no call: the answer can still arrive. */
export class InputStream {
  /** Why the input has failed; undefined if it has not. */
  failure: Failure | undefined;
  readonly #read: (event: unknown) => void;
  readonly #describe: (error: unknown) => Failure | undefined;
  readonly #onFailed: () => void;

  /**
   * @param parts `read` gets each event. `describe` returns the failure to record for an error of the application's iterable.
   *   `onFailed` is called a second after that error. The process does not wait for that second.
   */
  constructor(parts: {
    read: (event: unknown) => void;
    describe: (error: unknown) => Failure | undefined;
    onFailed: () => void;
  }) {
    this.#read = parts.read;
    this.#describe = parts.describe;
    this.#onFailed = parts.onFailed;
  }

  onChunk(event: unknown): void {
    this.#read(event);
  }

  onError(error: unknown): void {
    this.failure = this.#describe(error);
    setTimeout(this.#onFailed, MILLIS_UNTIL_FAILED).unref();
  }

  onEnd(): void {}

  onAbandon(): void {}
}
