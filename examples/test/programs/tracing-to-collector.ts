// The set-up of docs/collector.md for an application behind a Collector.
import { autolog } from 'mlflow-bedrock';

autolog({
  trackingUri: process.env.COLLECTOR_URL ?? 'http://localhost:4318',
  // Only has to be there: the Collector says which experiment it is.
  experimentId: '0',
  traceInfo: 'otlp-only',
});
