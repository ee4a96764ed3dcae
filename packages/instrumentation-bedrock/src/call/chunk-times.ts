/** When a call started and when the chunks of its stream arrived. */
export class ChunkTimes {
  readonly #start = performance.now();
  #first: number | undefined;
  #latest = 0;

  /**
   * @param now milliseconds, as `performance.now()` returns them.
   * @returns the seconds since the previous chunk; undefined for the first one.
   */
  addChunk(now: number): number | undefined {
    const interval = this.#first === undefined ? undefined : (now - this.#latest) / 1000;
    this.#first ??= now;
    this.#latest = now;
    return interval;
  }

  /** Seconds from the start to the first chunk; undefined before it. */
  get toFirstChunk(): number | undefined {
    return this.#first === undefined ? undefined : (this.#first - this.#start) / 1000;
  }

  /** Seconds from the start to now. */
  get sinceStart(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
