// The README's set-up. The caller loads the modules.
const { writeSync } = require('node:fs');
const { DiagLogLevel, context, diag, trace } = require('@opentelemetry/api');

const problems = [];

exports.start = ({ NodeSDK, BatchSpanProcessor, MlflowSpanExporter, BedrockInstrumentation }) => {
  const report = (...words) => problems.push(words.map(String).join(' '));
  const silent = () => {};
  diag.setLogger({ error: report, warn: report, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
  const exporter = new MlflowSpanExporter();
  const sdk = new NodeSDK({
    instrumentations: [new BedrockInstrumentation()],
    // From OpenTelemetry 3 on, constructors take objects.
    spanProcessors: [new BatchSpanProcessor(process.env.SMOKE_LINE === '2.x' ? exporter : { exporter })],
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
