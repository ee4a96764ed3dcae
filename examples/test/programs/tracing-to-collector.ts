// The set-up of docs/collector.md for an application behind a Collector.
import { autolog } from 'mlflow-bedrock';

autolog({
  trackingUri: process.env.COLLECTOR_URL ?? 'http://localhost:4318',
  // Required here, but the Collector chooses the experiment.
  experimentId: '0',
  traceInfo: 'otlp-only',
});
