// The README's set-up, given the modules however they were loaded.
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
    // Constructors take objects from OpenTelemetry 3 on.
    spanProcessors: [new BatchSpanProcessor(process.env.SMOKE_LINE === '2.x' ? exporter : { exporter })],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  // The application's own span, as parent of the calls.
  globalThis.smoke = async (work) => {
    const span = trace.getTracer('smoke').startSpan('smoke');
    const calls = await context.with(trace.setSpan(context.active(), span), work);
    span.end();
    await sdk.shutdown();
    writeSync(1, `${JSON.stringify({ calls, problems })}\n`);
  };
};
