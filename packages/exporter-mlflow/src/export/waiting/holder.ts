import type { ExportResult, ReadableSpan } from '../../common/sdk-types.js';
import type { Failure } from '../../http/exchange/outcome.js';

/** Holds spans in memory until they are sent. */
export interface Holder {
  /** How many spans it holds, those in requests included. */
  readonly waiting: number;
  /** These spans are in requests from now on. */
  sending(spans: readonly ReadableSpan[]): void;
  /**
   * These spans of an export did not get through, because of an outage or because time was over. The holder keeps some
   * for another export, and returns those to give up. `waiting`: how many spans it keeps in all.
   */
  unsent(
    spans: readonly ReadableSpan[],
    failure: Failure,
  ): { kept: number; waiting: number; lost: readonly ReadableSpan[] };
}

/** What the processor of this package needs of its exporter. */
export interface HeldExports {
  /** How much may wait, in bytes. */
  maxWaitingBytes: number;
  /** The shortest time from the beginning of a failed export to the next one, in milliseconds. */
  roundMillis: number;
  /** Exports spans of a holder, which keeps those that did not get through. Calls back once. */
  export(spans: readonly ReadableSpan[], holder: Holder, resultCallback: (result: ExportResult) => void): void;
  /** Counts and reports spans for which there was no room. */
  drop(spans: number): void;
  /** Reports that another exporter does not get a span, because there was no room for what waits for it. */
  dropForOther(): void;
  /** Counts and reports spans that lost their content to make room. */
  dropContent(spans: number): void;
  /**
   * Counts and reports spans that will not be exported any more, and those that the exporter holds for the root of their
   * trace. There may be none.
   *
   * @param failure default: why MLflow took no spans lately. Without that, the application did not flush, which its owner
   *   may know, so the report has level INFO.
   */
  giveUp(spans: readonly ReadableSpan[], failure?: Failure): void;
}
