import { type Attributes, ROOT_CONTEXT, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { DescribedSpan, DescribedTrace } from 'testing/managed/reference-client.js';
import { MODEL } from './tracing.js';

const QUESTION = 'Wie ist das Wetter in "Köln" – 50 %? ~*/\\ 😀';
const ANSWER = 'Sonnig, 21 °C.\n\tUnd 北京: {"not": "parsed"}';

/** An agent with two model calls, a tool that works and one that fails. */
export const AGENT_TRACE: DescribedTrace = {
  session: 'session ü/1',
  user: 'ada+lovelace@example.com',
  clientRequestId: 'request 42/é',
  tags: { team: 'a b+c%/ü', 'tag with space': '"quoted"' },
  metadata: { release: 'v1.2 (ü)', 'deep.key': '{"a":1}' },
  root: {
    name: 'agent "Wetter" é/😀',
    type: 'AGENT',
    inputs: { question: QUESTION },
    outputs: { answer: ANSWER },
    attributes: { flag: true, count: 42, ratio: 0.5, list: ['a', 'b c'], text: 'plain ü' },
    children: [
      {
        name: 'chat',
        type: 'CHAT_MODEL',
        inputs: { messages: [{ role: 'user', content: QUESTION }] },
        outputs: { choices: [{ message: { role: 'assistant', content: ANSWER } }] },
        attributes: {
          'mlflow.llm.model': MODEL,
          'mlflow.llm.provider': 'anthropic',
          'mlflow.chat.tokenUsage': {
            input_tokens: 1200,
            output_tokens: 340,
            total_tokens: 1540,
            cache_read_input_tokens: 200,
          },
        },
        events: [{ name: 'first chunk', attributes: { 'chunk.text': 'Son' } }],
      },
      { name: 'get_weather', type: 'TOOL', inputs: { city: 'Köln' }, outputs: { degrees: 21.5, wet: false } },
      { name: 'broken tool', type: 'TOOL', inputs: {}, error: 'Zeitüberschreitung: no "answer"' },
      {
        name: 'chat',
        type: 'CHAT_MODEL',
        inputs: { messages: [{ role: 'user', content: 'again' }] },
        outputs: { choices: [{ message: { role: 'assistant', content: 'yes' } }] },
        attributes: {
          'mlflow.llm.model': MODEL,
          'mlflow.llm.provider': 'anthropic',
          'mlflow.chat.tokenUsage': { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
        },
      },
    ],
  },
};

/** Records a trace with OpenTelemetry as the README tells users to. Returns MLflow's id of it. */
export function recordDescribed(tracer: Tracer, { root, ...described }: DescribedTrace): string {
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>): Attributes =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
  return recordSpan(tracer, root, {
    'session.id': described.session,
    'user.id': described.user,
    'mlflow.clientRequestId': described.clientRequestId,
    ...prefixed('mlflow.traceTag', described.tags),
    ...prefixed('mlflow.traceMetadata', described.metadata),
  });
}

function recordSpan(tracer: Tracer, described: DescribedSpan, ofTrace: Attributes, parent = ROOT_CONTEXT): string {
  const { name, type, inputs, outputs, attributes = {}, events = [], children = [], error } = described;
  const own = {
    'mlflow.spanType': type,
    'mlflow.spanInputs': JSON.stringify(inputs),
    ...Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])),
  };
  const span = tracer.startSpan(name, { attributes: { ...ofTrace, ...own } }, parent);
  for (const event of events) span.addEvent(event.name, event.attributes);
  for (const child of children) recordSpan(tracer, child, {}, trace.setSpan(parent, span));
  if (error === undefined) {
    span.setAttribute('mlflow.spanOutputs', JSON.stringify(outputs));
  } else {
    const failure = new Error(error);
    failure.name = 'Failure';
    span.recordException(failure);
    span.setStatus({ code: SpanStatusCode.ERROR, message: `Failure: ${error}` });
  }
  span.end();
  return `tr-${span.spanContext().traceId}`;
}

function attributeOf(value: unknown): string | number | boolean | string[] {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return Array.isArray(value) ? value : JSON.stringify(value);
}
