/** A flag in memory that other threads of the process can read. */
export class SharedFlag {
  /** To be sent to another thread, which creates its own object from it. */
  readonly memory: SharedArrayBuffer;
  readonly #values: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#values = new Int32Array(memory);
  }

  get isSet(): boolean {
    return Atomics.load(this.#values, 0) !== 0;
  }

  set(value: boolean): void {
    Atomics.store(this.#values, 0, value ? 1 : 0);
  }
}
