/** The input of a call whose application sends a stream of events. */

import { setTimeout } from 'node:timers';
import type { Failure } from '../data/facts.js';

/**
 * The application can leave its input open for ever after the service has ended its answer. And if the input fails, the SDK
 * leaves the answer open for ever.
 */
const MILLIS_FOR_OTHER_DIRECTION = 1000;

/** Gets what happens to the input. It ends before or after the answer. */
export class InputStream {
  /** Why the input has failed; undefined if it has not. */
  failure: Failure | undefined;
  readonly #read: (event: unknown) => void;
  readonly #describe: (error: unknown) => Failure | undefined;
  readonly #onFailed: () => void;
  #isOpen = true;
  #whenEnded: (() => void) | undefined;

  /**
   * @param parts `read` gets each event. `describe` returns the failure that an error of the application's iterable is.
   *   `onFailed` is called a second after that error.
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

  onEnd(): void {
    this.#end();
  }

  onError(error: unknown): void {
    this.failure = this.#describe(error);
    this.#end();
    setTimeout(this.#onFailed, MILLIS_FOR_OTHER_DIRECTION).unref();
  }

  onAbandon(): void {
    this.#end();
  }

  /** Calls `then` once, when the input has ended, or after a second. The process does not wait for that second. */
  whenEnded(then: () => void): void {
    if (!this.#isOpen) {
      then();
      return;
    }
    this.#whenEnded = then;
    setTimeout(() => this.#end(), MILLIS_FOR_OTHER_DIRECTION).unref();
  }

  #end(): void {
    this.#isOpen = false;
    const then = this.#whenEnded;
    this.#whenEnded = undefined;
    then?.();
  }
}
