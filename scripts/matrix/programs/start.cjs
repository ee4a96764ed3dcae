// The README's set-up. The caller loads the modules.
const { writeSync } = require('node:fs');
const { DiagLogLevel, context, diag, trace } = require('@opentelemetry/api');

const problems = [];

exports.start = ({ NodeSDK, BatchSpanProcessor, MlflowSpanExporter, MlflowSpanProcessor, BedrockInstrumentation }) => {
  const report = (...words) => problems.push(words.map(String).join(' '));
  const silent = () => {};
  diag.setLogger({ error: report, warn: report, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
  const exporter = new MlflowSpanExporter();
  const processor = new MlflowSpanProcessor({
    exporter,
    // From OpenTelemetry 3 on, constructors take objects.
    batch: (one, options) =>
      process.env.SMOKE_LINE === '2.x'
        ? new BatchSpanProcessor(one, options)
        : new BatchSpanProcessor({ exporter: one, ...options }),
  });
  const sdk = new NodeSDK({
    instrumentations: [new BedrockInstrumentation()],
    spanProcessors: [processor],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  // The application's own span is the parent of the calls.
  globalThis.smoke = async (work) => {
    const span = trace.getTracer('smoke').startSpan('smoke');
    const calls = await context.with(trace.setSpan(context.active(), span), work);
    span.end();
    await sdk.shutdown();
    writeSync(1, `${JSON.stringify({ calls, problems })}\n`);
  };
};
