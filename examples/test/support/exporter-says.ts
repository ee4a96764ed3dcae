import { DiagLogLevel, diag } from '@opentelemetry/api';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';

/** Sends one span and returns the first line of the log. The line is empty after a success. */
export async function exporterSays(config: MlflowSpanExporterConfig): Promise<string> {
  const [first = ''] = await exporterLog(config);
  return first;
}

/** Sends one span and returns the lines of the log. */
export async function exporterLog(config: MlflowSpanExporterConfig): Promise<string[]> {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  diag.setLogger({ error: log, warn: log, info: log, debug() {}, verbose() {} }, DiagLogLevel.WARN);
  try {
    const provider = new BasicTracerProvider({
      spanProcessors: [new BatchSpanProcessor(new MlflowSpanExporter({ timeoutMillis: 20_000, ...config }))],
    });
    provider.getTracer('test').startSpan('chat').end();
    await provider.shutdown().catch(() => {});
  } finally {
    diag.disable();
  }
  return lines;
}
