// An application whose backends fail. Its first argument selects what it does.
const { autolog, traced, MlflowClient, MlflowSpanExporter } = require('mlflow-bedrock');

const beat = traced('beat', () => 1);
const beats = (count) => {
  for (let n = 0; n < count; n++) beat();
};
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const PROGRAMS = {
  'flushes three batches': async () => {
    const tracing = autolog();
    beats(3);
    await tracing.flush();
  },
  'waits for the timer of the processor, and flushes': async () => {
    const tracing = autolog();
    beats(1);
    await pause(Number(process.env.OTEL_BSP_SCHEDULE_DELAY) + 500);
    await tracing.flush();
  },
  'flushes for a shorter time than the backend takes': async () => {
    const tracing = autolog({ flushTimeoutMillis: 100 });
    beats(1);
    await tracing.flush();
    await pause(1500);
  },
  'shuts down with a span that ended during the flush': async () => {
    const tracing = autolog();
    beats(1);
    const shutdown = tracing.shutdown();
    beats(1);
    await shutdown;
  },
  'flushes a provider of its own': async () => {
    const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
    const { CurrentTraceProcessor } = require('mlflow-bedrock');
    const exporters = [new MlflowSpanExporter(), new OTLPTraceExporter()];
    const processors = exporters.map((exporter) => new BatchSpanProcessor(exporter));
    const client = new MlflowClient();
    // A processor of the application that asks MLflow for something.
    const asking = {
      onStart() {},
      onEnd() {},
      shutdown: async () => {},
      forceFlush: () => client.getTrace('0'.repeat(32)),
    };
    new NodeTracerProvider({ spanProcessors: [new CurrentTraceProcessor(), asking, ...processors] }).register();
    const tracing = autolog();
    beats(1);
    await tracing.flush();
  },
  'flushes again and again': async () => {
    const tracing = autolog();
    for (let n = 0; n < Number(process.argv[3]); n++) {
      beats(1);
      await tracing.flush();
    }
  },
};

PROGRAMS[process.argv[2]]();
