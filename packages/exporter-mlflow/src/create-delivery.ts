import { Slices } from './common/slices.js';
import type { Limit } from './common/waiting.js';
import type { ResolvedConfig } from './config.js';
import { Delivery } from './export/deliver.js';
import { ExperimentResolver } from './export/experiment.js';
import { TraceFiles } from './export/files/trace-files.js';
import { Backlog } from './export/ledger/backlog.js';
import { TraceLedger } from './export/ledger/ledger.js';
import { Preparation } from './export/prepare.js';
import { createPricing } from './export/pricing.js';
import { describeProgram } from './export/program/program.js';
import type { ExporterMetrics } from './export/report/metrics.js';
import type { Reporter } from './export/report/reporter.js';
import { RefusedTraces } from './export/trace/refused.js';
import { Uploader } from './export/upload/upload.js';
import { FileWay } from './export/ways/file-way.js';
import { OtlpAvailability } from './export/ways/otlp-availability.js';
import { OtlpWay } from './export/ways/otlp-way.js';
import { createLosses } from './export/ways/result.js';
import type { HttpClient } from './http/client.js';
import type { Failure } from './http/exchange/outcome.js';
import { Rest, type Watch } from './mlflow/rest.js';

/**
 * Puts the parts of a delivery together.
 *
 * @param parts `onRetry`: called before each repetition of a request
 */
export function createDelivery(
  config: ResolvedConfig,
  http: HttpClient,
  { metrics, reporter, onRetry }: { metrics: ExporterMetrics; reporter: Reporter; onRetry: (cause: Failure) => void },
): Delivery {
  const { connection, route: spanRoute, compression, maxRequestBytes, runId, traceInfo, concurrencyLimit } = config;
  const endpoint = spanRoute.otlp;
  const otlpAvailability = endpoint && new OtlpAvailability({ endpoint, report: (message) => reporter.note(message) });
  const connect = (limit: Limit, about: 'spans' | 'records'): Rest => {
    const requests = about === 'spans' ? reporter.spanRequests : reporter.recordRequests;
    const watch: Watch = {
      retried(cause, millis) {
        onRetry(cause);
        otlpAvailability?.wasAway();
        requests.retried(cause, millis);
      },
      answered: () => requests.answered(),
    };
    return new Rest(http, limit, { watch });
  };
  const slices = new Slices();
  const context = { runId, ...describeProgram() };
  const onNote = (message: string): void => reporter.note(message);
  const settling = spanRoute.createSettling(context, onNote);
  const backlog = new Backlog({
    settling,
    connect: (limit) => connect(limit, 'records'),
    concurrencyLimit,
    timeoutMillis: connection.timeoutMillis,
    giveUp(traces, cause) {
      metrics.lostRecords(traces, cause);
      reporter.incomplete(traces, cause);
    },
    postponed: (cause) => reporter.postponed(1, cause),
    recorded: (traces) => reporter.recorded(traces),
    leaveEmpty: (traces) => reporter.leftEmpty(traces),
  });
  const ledger = new TraceLedger({ settling, backlog, concurrencyLimit, slices });
  const experiment = new ExperimentResolver(config.experiment, traceInfo === 'full');
  const losses = createLosses(reporter, metrics);
  const explain = (refusal: Failure, rest: Rest): Promise<Failure> => experiment.explain(refusal, rest);
  const shared = { ledger, reporter, metrics, losses, slices, explain };
  const uploader =
    endpoint &&
    new Uploader({
      ...{ endpoint, compression, maxRequestBytes, reporter, slices },
      runId: traceInfo === 'otlp-only' ? runId : undefined,
      refusedTraces: new RefusedTraces(),
    });
  return new Delivery({
    ...shared,
    backlog,
    experiment,
    connect: (limit) => connect(limit, 'spans'),
    preparation: new Preparation({
      spanFilter: config.spanFilter,
      mask: config.mask,
      onFault: (option, message) => reporter.faultyFunction(option, message),
    }),
    pricing: createPricing(config.modelCatalog, http, slices, reporter),
    otlp: otlpAvailability &&
      uploader && {
        availability: otlpAvailability,
        way: new OtlpWay({
          ...shared,
          ...{ availability: otlpAvailability, uploader, backlog, traceInfo },
          connectRecords: (limit) => connect(limit, 'records'),
          timeoutMillis: connection.timeoutMillis,
        }),
      },
    fileWay: new FileWay({
      ...shared,
      context,
      files: new TraceFiles({ slices, onNote }, config.maxWaitingBytes / 2),
      onBack: () => otlpAvailability?.wasAway(),
    }),
  });
}
