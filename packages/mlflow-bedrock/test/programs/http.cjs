// OpenTelemetry's instrumentation of node:http, loaded after mlflow-bedrock/register.
const { createRequire } = require('node:module');
const neighbour = createRequire(require.resolve('opentelemetry-instrumentation-bedrock/package.json'));
const { HttpInstrumentation } = neighbour('@opentelemetry/instrumentation-http');
const { registerInstrumentations } = neighbour('@opentelemetry/instrumentation');

registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url }) => url === '/flush',
      ignoreOutgoingRequestHook: ({ path }) => path === '/flush',
    }),
  ],
});
