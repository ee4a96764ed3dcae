import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Slices } from '../../common/slices.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { optional, type Rest } from '../../mlflow/rest.js';
import type { TraceFiles, Written } from '../files/trace-files.js';
import type { TraceLedger } from '../ledger/ledger.js';
import type { ExporterMetrics } from '../report/metrics.js';
import type { Reporter } from '../report/reporter.js';
import type { RecordContext } from '../trace/record.js';
import { SetAside } from '../upload/set-aside.js';
import type { DeliveryResult, Losses } from './result.js';

interface FileWayParts {
  files: TraceFiles;
  ledger: TraceLedger;
  context: Omit<RecordContext, 'experimentId'>;
  reporter: Reporter;
  metrics: ExporterMetrics;
  losses: Losses;
  slices: Slices;
  /** Returns the cause of a refusal. */
  explain: (refusal: Failure, rest: Rest) => Promise<Failure>;
  /** Called when the server answers again after an outage. */
  onBack: () => void;
}

/** Stores each trace as a record and a file, for servers that take no spans by OTLP. */
export class FileWay {
  readonly #parts: FileWayParts;
  /** Why spans without a root were not stored when they were to be. */
  #failure: Failure | undefined;

  constructor(parts: FileWayParts) {
    this.#parts = parts;
  }

  /** Why the server takes nothing, after an outage; undefined if it is back, or was not away. */
  async outage(rest: Rest): Promise<Failure | undefined> {
    const { files, onBack } = this.#parts;
    if (!files.isAway) return undefined;
    const outage = await files.outage(rest);
    if (outage === undefined) onBack();
    return outage;
  }

  /** Stores the spans of traces that are not in the database of the server. */
  async deliver(spans: readonly ReadableSpan[], experimentId: string, rest: Rest): Promise<DeliveryResult> {
    const { ledger, files, context, slices, losses, reporter, explain } = this.#parts;
    const outage = await this.outage(rest);
    if (outage !== undefined) return losses.undelivered(spans, outage);
    const batch = await slices.run(ledger.observeEach(spans));
    const written = await files.deliver(batch, { ...context, experimentId }, rest);
    const { lost, stored, unsent, begun } = written;
    const failure = written.failure && (await explain(written.failure, rest));
    if (failure !== undefined && lost > 0) losses.lose(lost, failure);
    else if (failure === undefined && stored > 0) reporter.arrived();
    const refusal = this.refuse(begun, experimentId, rest);
    const withoutRoot = spans.length - stored - lost - unsent.length - begun.length;
    return {
      ...{ lost: lost + begun.length, unsent, withoutRoot },
      ...optional('failure', failure),
      ...optional('refusal', refusal),
    };
  }

  /**
   * Reports and counts spans of traces that are in the database of the server. It would not show a file with them. Returns
   * the reason; undefined if there are none.
   */
  refuse(spans: readonly ReadableSpan[], experimentId: string, rest: Rest): Failure | undefined {
    if (spans.length === 0) return undefined;
    const { metrics, reporter } = this.#parts;
    const setAside = new SetAside({ url: rest.url, experimentId: rest.show(experimentId) });
    for (const span of spans) setAside.add(span.spanContext().traceId, { cause: 'begun' });
    metrics.lost(spans.length, { kind: 'rejected' });
    return setAside.report(reporter);
  }

  /** Stores the traces that wait for their root. `connect` returns the requests, or why there can be none. */
  async catchUp(connect: () => Promise<{ rest: Rest; experimentId: string } | Failure>): Promise<void> {
    const { files, context, reporter, metrics, losses } = this.#parts;
    if (files.waiting === 0) return;
    const received = reporter.received(files.waiting);
    const connection = await connect();
    const { failure, lost, stored, begun }: Written =
      'kind' in connection
        ? { failure: connection, lost: 0, stored: 0, unsent: [], begun: [] }
        : await files.deliverWithoutRoot({ ...context, experimentId: connection.experimentId }, connection.rest);
    this.#failure = failure;
    metrics.arrived(stored);
    if (!('kind' in connection)) this.refuse(begun, connection.experimentId, connection.rest);
    if (failure !== undefined && lost > 0) losses.lose(lost, failure);
    else if (failure !== undefined && files.waiting > 0) reporter.waiting(files.waiting, failure);
    else if (stored > 0) reporter.arrived();
    reporter.settled(received);
  }

  /** Takes the spans that wait for the root of their trace, to give them up, and says why they could not be stored. */
  takeWithoutRoot(): { spans: ReadableSpan[]; failure: Failure | undefined } {
    return { spans: this.#parts.files.giveUp(), failure: this.#failure };
  }
}
