import { DiagLogLevel, diag } from '@opentelemetry/api';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';

/** The first line that a user reads when one span is sent; empty when all went well. */
export async function exporterSays(config: MlflowSpanExporterConfig): Promise<string> {
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
  return lines[0] ?? '';
}
