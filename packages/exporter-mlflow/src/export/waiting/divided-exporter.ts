import { createRoom, type Room } from '../../common/room.js';
import type { ExportResult, ReadableSpan, SpanExporter } from '../../common/sdk-types.js';
import { divide, ROOM_BYTES } from '../span/divide.js';
import type { HeldSpans } from './held-spans.js';

const FAILED = 1;

/**
 * Exports held spans to another backend than MLflow, in parts of limited size. If a part fails, the batch has failed, and
 * its remaining parts are not sent.
 */
export class DividedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #number: number;
  readonly #held: HeldSpans;
  readonly #room: Room = createRoom(ROOM_BYTES);

  constructor(exporter: SpanExporter, number: number, held: HeldSpans) {
    this.#exporter = exporter;
    this.#number = number;
    this.#held = held;
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    void this.#export(spans).then((result) => {
      this.#held.release(spans, this.#number);
      resultCallback(result);
    });
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  async #export(spans: readonly ReadableSpan[]): Promise<ExportResult> {
    let result: ExportResult = { code: 0 };
    for (const { part, bytes } of divide(spans)) {
      await this.#room.take(bytes, Number.POSITIVE_INFINITY);
      this.#held.sending(part, this.#number);
      result = await this.#exportPart(part);
      this.#room.free(bytes);
      if (result.code !== 0) break;
    }
    return result;
  }

  #exportPart(part: ReadableSpan[]): Promise<ExportResult> {
    return new Promise((resolve) => {
      try {
        this.#exporter.export(part, resolve);
      } catch (error) {
        resolve({ code: FAILED, error: error instanceof Error ? error : new Error(String(error)) });
      }
    });
  }
}
