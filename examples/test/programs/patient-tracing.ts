// MLflow starts in seconds on an idle machine; beside many other tests it takes longer than the 29 seconds after which
// the exporter gives a batch up by default.
import { autolog } from 'mlflow-bedrock';

const PATIENCE_MILLIS = 200_000;

// Above the exporter's own, or the processor counts a patient export as failed.
process.env.OTEL_BSP_EXPORT_TIMEOUT = String(PATIENCE_MILLIS + 10_000);
autolog({ timeoutMillis: PATIENCE_MILLIS, flushTimeoutMillis: PATIENCE_MILLIS });
