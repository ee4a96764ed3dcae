// An application with other instrumentations beside this one. BESIDE names them in the order of registration.
const { createRequire } = require('node:module');
const { context, propagation, trace } = require('@opentelemetry/api');
const {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require('@opentelemetry/sdk-metrics');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { AwsInstrumentation } = require('@opentelemetry/instrumentation-aws-sdk');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BedrockInstrumentation } = require('opentelemetry-instrumentation-bedrock');

const { order, config, operation, dropTheirMetrics } = JSON.parse(process.env.BESIDE);
const spans = new InMemorySpanExporter();
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
tracerProvider.register();
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const meterProvider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 60_000 })],
  views: dropTheirMetrics
    ? [
        {
          meterName: '@opentelemetry/instrumentation-aws-sdk',
          instrumentName: 'gen_ai.client.*',
          aggregation: { type: AggregationType.DROP },
        },
      ]
    : [],
});
const CREATE = {
  ours: () => new BedrockInstrumentation(config),
  aws: () => new AwsInstrumentation(),
  http: () => new HttpInstrumentation(),
};
registerInstrumentations({ instrumentations: order.map((name) => CREATE[name]()), tracerProvider, meterProvider });

const isOfAgents = ['InvokeAgent', 'Retrieve'].includes(operation);
const packageName = isOfAgents ? '@aws-sdk/client-bedrock-agent-runtime' : '@aws-sdk/client-bedrock-runtime';
const sdk = require(packageName);

// HTTP/1.1: the HTTP instrumentation does not see HTTP/2, which the client speaks by default.
const { NodeHttpHandler } = createRequire(require.resolve(packageName))('@smithy/node-http-handler');

async function call(client) {
  const modelId = 'amazon.nova-lite-v1:0';
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const body = JSON.stringify({ messages });
  const seen = [];
  if (operation === 'InvokeAgent') {
    const input = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
    const { completion } = await client.send(new sdk.InvokeAgentCommand(input));
    for await (const { chunk } of completion) seen.push(Buffer.from(chunk.bytes).toString());
    return seen;
  }
  if (operation === 'Retrieve') {
    const input = { knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'Hi' } };
    return (await client.send(new sdk.RetrieveCommand(input))).retrievalResults;
  }
  if (operation === 'Converse') {
    const { $metadata, ...output } = await client.send(new sdk.ConverseCommand({ modelId, messages }));
    return output;
  }
  if (operation === 'ConverseStream') {
    const { stream } = await client.send(new sdk.ConverseStreamCommand({ modelId, messages }));
    for await (const event of stream) seen.push(event);
    return seen;
  }
  if (operation === 'InvokeModel') {
    return (await client.send(new sdk.InvokeModelCommand({ modelId, body }))).body.transformToString();
  }
  const output = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
  for await (const event of output.body) seen.push(Buffer.from(event.chunk.bytes).toString());
  return seen;
}

(async () => {
  const Client = isOfAgents ? sdk.BedrockAgentRuntimeClient : sdk.BedrockRuntimeClient;
  const client = new Client({ requestHandler: new NodeHttpHandler() });
  const caller = trace.getTracer('app').startSpan('caller');
  const baggage = propagation.createBaggage({ tenant: { value: 'a b' } });
  const own = propagation.setBaggage(trace.setSpan(context.active(), caller), baggage);
  const answer = await context.with(own, () => call(client));
  caller.end();
  client.destroy();
  await meterProvider.forceFlush();
  const tokens = metrics
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.filter((scope) => scope.metrics.some(({ descriptor }) => descriptor.name.endsWith('token.usage')))
    .map(({ scope }) => scope.name);
  await meterProvider.shutdown();
  const finished = spans.getFinishedSpans().map((span) => ({
    name: span.name,
    scope: span.instrumentationScope.name,
    id: span.spanContext().spanId,
    traceId: span.spanContext().traceId,
    parent: span.parentSpanContext?.spanId,
    attributes: span.attributes,
  }));
  console.log(JSON.stringify({ answer, spans: finished, tokens: tokens ?? [] }));
})();
