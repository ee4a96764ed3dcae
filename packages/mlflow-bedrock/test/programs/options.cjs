// An application that passes options to autolog(): its first argument, as JSON. It prints the header `baggage` that a
// request inside of its trace would carry.
const { context, propagation } = require('@opentelemetry/api');
const { AlwaysOffSampler, AlwaysOnSampler } = require('@opentelemetry/sdk-trace-base');
const { autolog, traced, updateCurrentTrace } = require('mlflow-bedrock');

const { sampler, ...options } = JSON.parse(process.argv[2]);
const samplers = { always_on: new AlwaysOnSampler(), always_off: new AlwaysOffSampler() };
autolog({ ...options, ...(sampler && { sampler: samplers[sampler] }) });
const agent = traced('agent', (question) => {
  updateCurrentTrace({ sessionId: 'session-7' });
  const headers = {};
  propagation.inject(context.active(), headers);
  return `${headers.baggage} ${question}`;
});
console.log(agent('Hi'));
