// An application with an OpenTelemetry set-up of its own, as docs/opentelemetry-setup.md shows it, and a root span of its own.
const { createRequire } = require('node:module');
const { SpanKind, context, propagation, trace } = require('@opentelemetry/api');
const { CompositePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
const {
  CurrentTraceProcessor,
  MlflowSpanExporter,
  MlflowSpanProcessor,
  SessionBaggagePropagator,
  autolog,
  getLastActiveTraceId,
  setActiveRun,
  updateCurrentTrace,
} = require('mlflow-bedrock');

const processor = new MlflowSpanProcessor({
  exporter: new MlflowSpanExporter(),
  batch: (exporter, options) => new BatchSpanProcessor(exporter, options),
});
const spanProcessors = [new CurrentTraceProcessor(), processor];
const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new SessionBaggagePropagator()],
});

const SET_UPS = {
  NodeTracerProvider: () => {
    const provider = new NodeTracerProvider({ spanProcessors });
    provider.register({ propagator });
    return provider;
  },
  NodeSDK: () => {
    const { NodeSDK } = createRequire(require.resolve('../../../../examples/package.json'))('@opentelemetry/sdk-node');
    const sdk = new NodeSDK({ spanProcessors, textMapPropagator: propagator, metricReaders: [] });
    sdk.start();
    return sdk;
  },
};

const setUp = SET_UPS[process.argv[2]]();
autolog(JSON.parse(process.argv[4] ?? '{}'));
setActiveRun(process.argv[3]);
trace.getTracer('http').startActiveSpan('GET /ask', { kind: SpanKind.SERVER }, async (root) => {
  updateCurrentTrace({ sessionId: 'session-7', userId: 'ada', tags: { team: 'travel' } });
  const headers = {};
  propagation.inject(context.active(), headers);
  const bedrock = new BedrockRuntimeClient({});
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  bedrock.destroy();
  root.end();
  console.log(JSON.stringify({ traceId: getLastActiveTraceId(), baggage: headers.baggage }));
  await setUp.shutdown();
});
