import { performance } from 'node:perf_hooks';
import type { Failure } from '../../http/exchange/outcome.js';
import { type OtlpEndpoint, takesSpans } from '../../mlflow/otlp.js';
import type { Rest } from '../../mlflow/rest.js';

interface OtlpAvailabilityParts {
  endpoint: OtlpEndpoint;
  /** Receives a message when the route turns out to be missing, and when it is there again. */
  report: (message: string) => void;
  /** A monotonic clock, in milliseconds. Default: that of Node.js. */
  now?: () => number;
}

/** How long the exporter stores traces as files before it looks for the route again. */
export const LOOK_AGAIN_MILLIS: number = 10 * 60_000;

/** What this process knows of the OTLP route of its server: whether it is there, and when to look again if not. */
export class OtlpAvailability {
  readonly #endpoint: OtlpEndpoint;
  readonly #report: (message: string) => void;
  readonly #now: () => number;
  #missing: { reason: string; lookedAt: number } | undefined;
  /** Whether the route is there again, by the latest look. */
  #look: Promise<boolean> = Promise.resolve(false);

  constructor({ endpoint, report, now = () => performance.now() }: OtlpAvailabilityParts) {
    this.#endpoint = endpoint;
    this.#report = report;
    this.#now = now;
  }

  /** Whether traces can be files as long as the route is missing. */
  get isOptional(): boolean {
    return this.#endpoint.isOptional;
  }

  get isMissing(): boolean {
    return this.#missing !== undefined;
  }

  /** Notes that the server certainly lacks the route, or that something blocks it. */
  foundMissing({ reason }: Failure): void {
    if (this.#missing?.reason !== reason) this.#report(reason);
    this.#missing = { reason, lookedAt: this.#now() };
    this.#look = Promise.resolve(false);
  }

  /**
   * Whether new traces may go by OTLP. If the route was missing, this looks for it again after
   * {@link LOOK_AGAIN_MILLIS}, and after {@link OtlpAvailability.wasAway}, with a request without spans. Exports at the
   * same time get the same answer, because they can have spans of the same trace.
   */
  async mayTake(experimentId: string, rest: Rest): Promise<boolean> {
    const missing = this.#missing;
    if (missing === undefined) return true;
    if (this.#now() - missing.lookedAt >= LOOK_AGAIN_MILLIS) {
      missing.lookedAt = this.#now();
      this.#look = takesSpans(rest, this.#endpoint, { experimentId, runId: undefined });
    }
    return this.#look;
  }

  /** Notes that the server took spans by this route. */
  took(): void {
    if (this.#missing === undefined) return;
    this.#missing = undefined;
    this.#report(
      `MLflow takes spans at ${this.#endpoint.path} now, so new traces are not stored as artifacts any more.`,
    );
  }

  /** Notes that the server did not answer for a while. It may have been replaced by one that has the route. */
  wasAway(): void {
    if (this.#missing !== undefined) this.#missing.lookedAt = Number.NEGATIVE_INFINITY;
  }
}
