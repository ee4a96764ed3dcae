/** Every attribute of every operation, held against the registry of the conventions and against `docs/attributes.md`. */

import { readFileSync } from 'node:fs';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { readSamples } from '../support/exchanges.js';
import { messageViolations } from '../support/message-schema.js';
import { SDKS } from '../support/openai.js';
import { callOpenAi } from '../support/openai-bodies.js';
import {
  isRegistered,
  isRegisteredEvent,
  isRegisteredMetric,
  registeredType,
  registeredWords,
  type ValueType,
} from '../support/registry.js';
import { call } from '../support/replayed-call.js';
import type { TextAt } from '../support/sdk-schema.js';
import { callAll, SERVICES } from '../support/service-leaks.js';
import { createClient, startTracing, type Tracing } from '../support/tracing.js';
import { closing, converse, opening, scriptedSimulator, service, spoken, textInput } from '../support/voice.js';

/** What a namespace outside the registry is for. */
const OTHER_NAMESPACES: Readonly<Record<string, string>> = {
  'aws.bedrock.': 'no convention defines them; the names follow aws.bedrock.guardrail.id',
  'mlflow.': "MLflow's trace format",
};

/** Attributes of the newer conventions (semantic-conventions-genai v0.1.0). */
const NEWER: Readonly<Record<string, ValueType | 'JSON text'>> = {
  'gen_ai.memory.record.id': 'string',
  'gen_ai.memory.store.id': 'string',
  'gen_ai.memory.record.count': 'int',
  'gen_ai.memory.query.text': 'string',
  'gen_ai.memory.records': 'JSON text',
  'gen_ai.prompt.version': 'string',
  'gen_ai.request.reasoning.level': 'string',
  'gen_ai.retrieval.top_k': 'int',
  'gen_ai.usage.audio.input_tokens': 'int',
  'gen_ai.usage.audio.output_tokens': 'int',
  'gen_ai.usage.cache_write.input_tokens': 'int',
  'gen_ai.usage.text.input_tokens': 'int',
  'gen_ai.usage.text.output_tokens': 'int',
};
const NEWER_PREFIX = 'gen_ai.prompt.variable.';
/** The newer conventions have an int, the older ones a double. */
const BOTH_TYPES = new Set(['gen_ai.request.top_k']);

/** Operations of the newer conventions, and those that have only the API's own name. */
const NEWER_OPERATIONS = [
  ...['create_memory', 'update_memory', 'upsert_memory', 'search_memory', 'delete_memory'],
  ...['create_memory_store', 'delete_memory_store'],
];
const WORDS: ReadonlyMap<string, readonly unknown[]> = new Map(
  ['gen_ai.provider.name', 'gen_ai.output.type', 'gen_ai.token.type'].map((name) => [name, registeredWords(name)]),
);

const PAGE = readFileSync(new URL('../../../../docs/attributes.md', import.meta.url), 'utf8');

/** Type of each attribute in the tables of `docs/attributes.md`. */
const DOCUMENTED: ReadonlyMap<string, string> = new Map(
  tableRows(sectionOf(PAGE, '## Attributes')).flatMap(([names = '', types = '']) => {
    const all = inlineCode(names);
    const ofEach = types.split(', ');
    return all.map((name, index) => [name, (all.length > 1 ? ofEach[index] : types) ?? types] as const);
  }),
);

/** What a span's name has beside its operation, if that is not the model. */
const TARGETS: Readonly<Record<string, string>> = {
  invoke_agent: 'gen_ai.agent.name',
  invoke_workflow: 'gen_ai.workflow.name',
  execute_tool: 'gen_ai.tool.name',
  retrieval: 'gen_ai.data_source.id',
  execute_node: 'aws.bedrock.flow.node.name',
};
/** Work of the service itself, if it is part of a call. */
const INNER = ['execute_tool', 'apply_guardrail', 'execute_node'];

const ENVIRONMENT = {
  OTEL_SEMCONV_STABILITY_OPT_IN: 'gen_ai_latest_experimental',
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_AND_EVENT',
};

describe('the attributes of every operation', () => {
  let spans: readonly ReadableSpan[];
  let events: ReturnType<Tracing['events']>;
  let metrics: Awaited<ReturnType<Tracing['metrics']>>;
  before(async function () {
    this.timeout(120_000);
    Object.assign(process.env, ENVIRONMENT);
    const tracing = startTracing({ withMetrics: true });
    let answer: SimulatedResponse | undefined;
    const simulator: Simulator = await startSimulator({ respond: () => answer });
    const answerWith = (next: SimulatedResponse | undefined): void => {
      answer = next;
    };
    const client = createClient(simulator.url);
    for (const sample of readSamples()) {
      const { status = 200, headers = {}, body } = sample.response;
      answer = { status, headers, ...(sample.responseEvents ? { events: sample.responseEvents } : { body }) };
      await call(client, sample);
    }
    client.destroy();
    await speakOnce();
    for (const each of SERVICES) await callAll(each, simulator.url, answerWith, textAt);
    tracing.instrumentation.setConfig({ openAIHosts: [new URL(simulator.url).host] });
    tracing.instrumentation.manuallyInstrument(SDKS[6]);
    const openai = new SDKS[6].OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'simulator', maxRetries: 0 });
    await callOpenAi(openai, answerWith, () => 'flex');
    spans = tracing.spans();
    events = tracing.events();
    metrics = await tracing.metrics();
    await tracing.close();
    await simulator.close();
    for (const name of Object.keys(ENVIRONMENT)) delete process.env[name];
  });

  it('are on spans of more than eighty operations', () => {
    const names = new Set(spans.map(({ attributes }) => attributes['gen_ai.operation.name']));
    expect(names.size).to.be.greaterThan(80);
  });

  it('are in the registry, in the newer conventions, or in a namespace of their own', () => {
    const unknown = namesOf(spans).filter(
      (name) =>
        !isRegistered(name) &&
        !(name in NEWER) &&
        !name.startsWith(NEWER_PREFIX) &&
        !Object.keys(OTHER_NAMESPACES).some((prefix) => name.startsWith(prefix)),
    );
    expect(unknown).to.deep.equal([]);
  });

  it('have no entry among the newer ones that the registry has', () => {
    expect(Object.keys(NEWER).filter(isRegistered)).to.deep.equal([]);
  });

  it('have the types of the conventions', () => {
    const wrong = new Set<string>();
    for (const { attributes } of spans) {
      for (const [name, value] of Object.entries(attributes)) {
        const type = NEWER[name] ?? registeredType(name);
        if (type !== undefined && !BOTH_TYPES.has(name) && !isOfType(value, type)) wrong.add(`${name}: ${type}`);
      }
    }
    expect([...wrong]).to.deep.equal([]);
  });

  it('are documented, with their types', () => {
    const wrong = new Set<string>();
    for (const { attributes } of spans) {
      for (const [name, value] of Object.entries(attributes)) {
        const type = documentedType(name);
        if (type === undefined || !isOfType(value, type)) wrong.add(`${name}: ${type ?? 'not documented'}`);
      }
    }
    expect([...wrong]).to.deep.equal([]);
  });

  it('have the words of the conventions where these list words', () => {
    const wrong = new Set<string>();
    const all = [
      ...spans.map(({ attributes }) => attributes),
      ...[...metrics.values()].flatMap((points) => points.map(({ attributes }) => attributes)),
    ];
    for (const attributes of all) {
      for (const [name, words] of WORDS) {
        const value = attributes[name];
        if (value !== undefined && !words.includes(value)) wrong.add(`${name}: ${value}`);
      }
    }
    expect([...wrong]).to.deep.equal([]);
  });

  it('have an operation of the conventions, or the own name of the API', () => {
    const known = new Set([...registeredWords('gen_ai.operation.name'), ...NEWER_OPERATIONS]);
    const names = new Set(spans.map(({ attributes }) => String(attributes['gen_ai.operation.name'])));
    const own = new Set(SERVICES.flatMap(({ operations }) => operations.map(({ name }) => wordOf(name))));
    const others = [...names].filter((name) => !known.has(name) && !own.has(name));
    // Operations of the Bedrock Runtime, a reranking by a model, and a node of a flow.
    expect(others).to.have.members([
      ...['rerank', 'apply_guardrail', 'invoke_guardrail_checks', 'count_tokens'].filter((name) => !own.has(name)),
      ...['start_async_invoke', 'get_async_invoke', 'list_async_invokes', 'execute_node'],
    ]);
  });

  it('make the names and kinds of spans as the conventions define them', () => {
    const wrong = new Set<string>();
    for (const { name, kind, attributes, parentSpanContext } of spans) {
      const operation = String(attributes['gen_ai.operation.name']);
      const target = attributes[TARGETS[operation] ?? 'gen_ai.request.model'];
      if (name !== (target === undefined ? operation : `${operation} ${target}`)) wrong.add(`name ${name}`);
      const isInner = INNER.includes(operation) && parentSpanContext !== undefined;
      if (kind !== (isInner ? SpanKind.INTERNAL : SpanKind.CLIENT)) wrong.add(`kind of ${name}`);
    }
    expect([...wrong]).to.deep.equal([]);
  });

  it('have the content in the form of the JSON schemas', () => {
    const violations = spans.flatMap((span) => messageViolations(span).map((at) => `${span.name}: ${at}`));
    expect([...new Set(violations)]).to.deep.equal([]);
  });

  it('are on log events of the registry, which have no others than spans and exceptions', () => {
    expect([...new Set(events.map(({ eventName }) => eventName ?? ''))].every(isRegisteredEvent)).to.equal(true);
    const names = new Set(events.flatMap(({ attributes }) => Object.keys(attributes)));
    const onSpans = new Set([...namesOf(spans), 'exception.type', 'exception.message', 'exception.stacktrace']);
    expect(names.size).to.be.greaterThan(20);
    expect([...names].filter((name) => !onSpans.has(name))).to.deep.equal([]);
  });

  it('are on metrics of the registry or of the newer conventions', () => {
    const others = [...metrics.keys()].filter((name) => !isRegisteredMetric(name));
    expect(
      others.filter(
        (name) => !/^gen_ai\.(?:client\.)?(?:inference|embeddings|retrieval|invoke_agent|execute_tool)\./.test(name),
      ),
    ).to.deep.equal([]);
    expect([...metrics.keys()].filter(isRegisteredMetric)).to.have.lengthOf(4);
  });
});

/** A voice session of Nova Sonic with speech, text and usage. */
async function speakOnce(): Promise<void> {
  const simulator = await scriptedSimulator([
    { wait: 'sessionEnd' },
    service.start(),
    ...spoken('Ada.'),
    service.end(),
  ]);
  const client = createClient(simulator.url);
  await converse(client, [...opening(), ...textInput('USER', 'My name is Ada.'), ...closing]);
  client.destroy();
  await simulator.close();
}

/** Plausible texts: names of members decide. */
const textAt: TextAt = (path) => {
  const member = path.at(-1) ?? '';
  if (/traceId$/.test(member)) return '0b6d4cf1-3a52-4d1e-9c7a-5f2b8e9d1a37-0';
  if (/Arn$/.test(member)) return 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/AGENT12345/ALIAS12345';
  if (/Id$|Identifier$|^id$|Version$/.test(member)) return 'ABCDE12345';
  if (/[mM]odel$/.test(member)) return 'amazon.nova-lite-v1:0';
  return /[nN]ame$/.test(member) ? 'orders' : 'Some text.';
};

function namesOf(spans: readonly ReadableSpan[]): string[] {
  return [...new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)))];
}

function documentedType(name: string): string | undefined {
  const template = [...DOCUMENTED.keys()].find(
    (key) => key.endsWith('<key>') && name.startsWith(key.slice(0, -'<key>'.length)),
  );
  return DOCUMENTED.get(name) ?? DOCUMENTED.get(template ?? '');
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'int':
      return Number.isInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string[]':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'JSON text':
      return typeof value === 'string' && isJson(value);
    default:
      return typeof value === 'string';
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The conventions' style: `InvokeAgent` becomes `invoke_agent`. */
function wordOf(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase();
}
