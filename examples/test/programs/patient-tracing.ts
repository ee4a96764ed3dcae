// Waits longer for MLflow than the default of 29 seconds, because MLflow may start slowly while many other tests run.
import { autolog } from 'mlflow-bedrock';

const PATIENCE_MILLIS = 200_000;

// Above the exporter's timeout. Otherwise the processor counts a slow export as failed.
process.env.OTEL_BSP_EXPORT_TIMEOUT = String(PATIENCE_MILLIS + 10_000);
autolog({ timeoutMillis: PATIENCE_MILLIS, flushTimeoutMillis: PATIENCE_MILLIS });
