// An application with a processor of its own. One span has arrived and one waits when it ends as its last argument says.
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter, MlflowSpanProcessor } from 'opentelemetry-exporter-mlflow';

const [, , trackingUri, processor, ending] = process.argv;
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.INFO);
const exporter = new MlflowSpanExporter({ trackingUri, traceInfo: 'otlp-only' });
const provider = new BasicTracerProvider({
  spanProcessors: [
    processor === 'BatchSpanProcessor'
      ? new BatchSpanProcessor(exporter)
      : new MlflowSpanProcessor({ exporter, batch: (one, options) => new BatchSpanProcessor(one, options) }),
  ],
});
const tracer = provider.getTracer('application');
tracer.startSpan('arrived').end();
await provider.forceFlush();
tracer.startSpan('waits').end();

switch (ending) {
  case 'calls shutdown() and ends by itself':
    await provider.shutdown();
    break;
  case 'calls process.exit()':
    process.exit();
    break;
  case 'throws an uncaught error':
    throw new Error('uncaught');
  case 'ends by itself':
    break;
  default:
    if (ending === 'calls shutdown() at SIGTERM') {
      process.once('SIGTERM', async () => {
        await provider.shutdown();
        process.exit();
      });
    }
    process.stdin.resume();
    process.send('runs');
}
