import { addNewest } from '../../common/maps.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { mlflowTraceId } from '../../mlflow/names.js';

/** Why the server takes no span of a trace. */
export type TraceRefusal =
  /** The trace belongs to another experiment. MLflow 3.18 and later refuse that. */
  | { cause: 'elsewhere'; experimentId?: ShownText }
  /** The server moved the spans of the trace into its archive. */
  | { cause: 'archived' }
  /** The spans of the trace are in the server's database, but its OTLP route is gone. */
  | { cause: 'begun' }
  /** `said` is the answer of the server. */
  | { cause: 'unknown'; said: ShownText };

// A few hundred bytes each.
const CAPACITY = 5_000;

/** Traces that the server refuses, the most recent ones. Their later spans need not be sent. */
export class RefusedTraces {
  readonly #refusals = new Map<string, { experimentId: string; refusal: TraceRefusal }>();

  get isEmpty(): boolean {
    return this.#refusals.size === 0;
  }

  /** @param experimentId the experiment for which the server refused the trace */
  add(traceId: string, experimentId: string, refusal: TraceRefusal): void {
    addNewest(this.#refusals, traceId, { experimentId, refusal }, CAPACITY);
  }

  /** Why the server refuses this trace for this experiment; undefined if it does not, as far as known. */
  get(traceId: string, experimentId: string): TraceRefusal | undefined {
    const known = this.#refusals.get(traceId);
    return known?.experimentId === experimentId ? known.refusal : undefined;
  }
}

/** The same text for all traces that the server refuses for one cause. */
export function causeOf(refusal: TraceRefusal): string {
  switch (refusal.cause) {
    case 'elsewhere':
      return `elsewhere ${refusal.experimentId}`;
    case 'archived':
    case 'begun':
      return refusal.cause;
    case 'unknown':
      return `unknown ${refusal.said.replace(/[0-9a-f]{32}/gi, '')}`;
  }
}

/** Says which trace the server refuses, why, and what to do. */
export function describeRefusal(
  traceId: string,
  refusal: TraceRefusal,
  { url, experimentId }: { url: ShownText; experimentId: ShownText },
): ShownText {
  const trace = say`trace ${ownText(mlflowTraceId(traceId))}`;
  switch (refusal.cause) {
    case 'elsewhere': {
      const place =
        refusal.experimentId === undefined ? say`another experiment` : say`experiment ${refusal.experimentId}`;
      return say`MLflow at ${url} has ${trace} in ${place} and refuses its spans for experiment ${experimentId}: let all services that share traces use one experiment (experimentId, experimentName, MLFLOW_EXPERIMENT_ID or MLFLOW_EXPERIMENT_NAME).`;
    }
    case 'archived':
      return say`MLflow at ${url} has archived ${trace} and takes no further spans of it: end all spans of a trace before the server archives it, or let the server archive later.`;
    case 'begun':
      return say`MLflow at ${url} got the first spans of ${trace} by OTLP and takes no more of them, and would not show a file with the others.`;
    case 'unknown':
      return say`MLflow at ${url} refuses every span of ${trace} (${refusal.said}).`;
  }
}
