import { Slices } from './common/slices.js';
import type { Limit } from './common/waiting.js';
import type { ResolvedConfig } from './config.js';
import { Delivery } from './export/deliver.js';
import { ExperimentResolver } from './export/experiment.js';
import { TraceFiles } from './export/files/artifacts.js';
import { Backlog } from './export/ledger/backlog.js';
import { TraceLedger } from './export/ledger/ledger.js';
import { Preparation } from './export/prepare.js';
import { createPricing } from './export/pricing.js';
import { describeProgram } from './export/program/program.js';
import type { ExporterMetrics } from './export/report/metrics.js';
import type { Reporter } from './export/report/reporter.js';
import { RefusedTraces } from './export/trace/refused.js';
import { Uploader } from './export/upload/upload.js';
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
  const { connection, route, compression, maxRequestBytes, runId, traceInfo, concurrencyLimit } = config;
  const connect = (limit: Limit, about: 'spans' | 'records'): Rest => {
    const requests = about === 'spans' ? reporter.spanRequests : reporter.recordRequests;
    const watch: Watch = {
      retried(cause, millis) {
        onRetry(cause);
        requests.retried(cause, millis);
      },
      answered: () => requests.answered(),
    };
    return new Rest(http, limit, { watch });
  };
  const slices = new Slices();
  const context = { runId, ...describeProgram() };
  const settling = route.createSettling(context, (message) => reporter.note(message));
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
  return new Delivery({
    connect,
    experiment: new ExperimentResolver(config.experiment, traceInfo === 'full'),
    preparation: new Preparation({
      spanFilter: config.spanFilter,
      mask: config.mask,
      onFault: (option, message) => reporter.faultyFunction(option, message),
    }),
    pricing: createPricing(config.modelCatalog, http, slices, reporter),
    route,
    uploader:
      route.otlp &&
      new Uploader({
        endpoint: route.otlp,
        compression,
        maxRequestBytes,
        runId: traceInfo === 'otlp-only' ? runId : undefined,
        refusedTraces: new RefusedTraces(),
        reporter,
        slices,
      }),
    backlog,
    ledger: new TraceLedger({ settling, backlog, concurrencyLimit, slices }),
    files: new TraceFiles(slices, config.maxWaitingBytes / 2),
    reporter,
    metrics,
    context,
    traceInfo,
    slices,
    timeoutMillis: connection.timeoutMillis,
  });
}
