/** Voice sessions: what is recorded of their content if it is off, hooked or limited. */

import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { type Simulator, speak, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockContent, BedrockInstrumentationConfig } from '../../src/index.js';
import { CANARY } from '../support/canaries.js';
import { createClient, json, startTracing, type Tracing } from '../support/tracing.js';
import {
  audioInput,
  closing,
  converse,
  type Json,
  opening,
  type Step,
  scripted,
  service,
  spoken,
  textInput,
  toolResult,
} from '../support/voice.js';
import { WAYS } from '../support/watch.js';

const VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const TOOL = { toolSpec: { name: 'lookup', description: 'Looks up.', inputSchema: { json: '{"title":"a secret"}' } } };
/** Members whose words decide how the rest is read. */
const DISCRIMINATORS = new Set(['type', 'role', 'mediaType', 'encoding', 'audioType', 'additionalModelFields']);
/** Ids of the service and names of tools are no content. */
const IDS = new Set([
  ...['gen_ai.conversation.id', 'gen_ai.response.id', 'gen_ai.tool.call.id', 'gen_ai.tool.name'],
  ...['gen_ai.request.model', 'mlflow.llm.model'],
]);

const INPUT: readonly Json[] = [
  ...opening({ system: 'The secret is tea.', tools: [TOOL] }),
  ...textInput('USER', 'I am Ada.'),
  ...textInput('ASSISTANT', 'Hello Ada.'),
  ...audioInput([speak('Who am I?')]),
  ...toolResult('call-1', '{"name":"Ada"}'),
  { futureInput: { text: 'a new event' } },
  ...closing,
];
const OUTPUT: readonly Json[] = [
  service.start(),
  ...service.text('USER', 'FINAL', 'Who am I?'),
  ...service.toolUse('lookup', 'call-1', '{"who":"me"}'),
  ...spoken('You are Ada.'),
  ...service.text('ASSISTANT', 'SPECULATIVE', 'Do you want tea?'),
  ...service.text('ASSISTANT', 'FINAL', '{ "interrupted" : true }', 'INTERRUPTED'),
  { futureOutput: { text: 'another new event' } },
  service.usage([1, 2, 3, 4]),
  service.end(),
];

/** Copies events with other texts in the place of their own. */
function planted(events: readonly Json[], plant: (text: string) => string): Json[] {
  const copy = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return DISCRIMINATORS.has(key) ? value : plant(value);
    if (Array.isArray(value)) return value.map((item) => copy(item, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member, name)]));
  };
  return events.map((event) => copy(event) as Json);
}

describe('the content of a voice session', () => {
  let tracing: Tracing;
  let simulator: Simulator;
  let client: BedrockRuntimeClient;
  let steps: Step[];
  let lines: string[];
  before(async () => {
    simulator = await startSimulator({
      respond: ({ input }) => ({ events: scripted(input as AsyncIterable<Json>, steps) }),
    });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });

  function start(config: BedrockInstrumentationConfig, variable?: string): void {
    if (variable !== undefined) process.env[VARIABLE] = variable;
    tracing = startTracing({ withMetrics: true, config });
    lines = [];
    const log = (...args: unknown[]): void =>
      void lines.push(args.map((arg) => (arg instanceof Error ? String(arg.stack) : String(arg))).join(' '));
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  }

  async function run(input: readonly Json[], output: readonly Json[]): Promise<void> {
    steps = [{ wait: 'sessionEnd' }, ...output];
    await converse(client, input).catch(() => undefined);
  }

  async function emitted(): Promise<string> {
    const kept = (attributes: object = {}): object =>
      Object.fromEntries(Object.entries(attributes).filter(([name]) => !IDS.has(name)));
    const spans = tracing.spans().map(({ name, attributes, events, status }) => ({
      ...{ name, status, attributes: kept(attributes) },
      events: events.map((event) => ({ name: event.name, attributes: kept(event.attributes) })),
    }));
    const events = tracing.events().map(({ attributes }) => kept(attributes));
    const metrics = [...(await tracing.metrics()).values()].map((points) =>
      points.map((point) => kept(point.attributes)),
    );
    return JSON.stringify({ spans, events, metrics, lines }, null, 1);
  }

  async function expectNone(): Promise<void> {
    const found = (await emitted()).split('\n').filter((line) => CANARY.test(line));
    expect(found.map((line) => line.trim().slice(0, 200))).to.deep.equal([]);
  }

  afterEach(async () => {
    diag.disable();
    delete process.env[VARIABLE];
    await tracing.close();
  });

  for (const way of ['the option is off', 'the variable is off', 'a hook removes them', 'a hook throws them']) {
    it(`has no canary, in any text of either direction, if ${way}`, async () => {
      const { config, variable } = WAYS[way] ?? { config: {} };
      start(config, variable);
      // The same text becomes the same canary, so that ids still match.
      const hex = (text: string): string => Buffer.from(text).toString('hex');
      for (const plant of [(text: string) => `canary "${hex(text)}"`, (text: string) => `canary_${hex(text)}`]) {
        await run(planted(INPUT, plant), planted(OUTPUT, plant));
      }
      expect(tracing.spans()).to.have.lengthOf(2);
      await expectNone();
    });
  }

  it('has canaries, which the same search finds, if content is on', async () => {
    start({});
    await run(
      planted(INPUT, () => 'canary'),
      planted(OUTPUT, () => 'canary'),
    );
    expect(await emitted()).to.match(CANARY);
  });

  it('leaves tokens, counts, times and the structure if it is off', async () => {
    start({ captureMessageContent: false });
    await run(INPUT, OUTPUT);
    const [span] = tracing.spans();
    expect(span?.attributes).to.include({
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.audio.output_tokens': 3,
      'gen_ai.request.max_tokens': 1024,
      'aws.bedrock.voice.id': 'matthew',
      'aws.bedrock.voice.user_turn.count': 1,
      'aws.bedrock.voice.assistant_turn.count': 2,
      'aws.bedrock.voice.tool_call.count': 1,
      'aws.bedrock.voice.interruption.count': 1,
      'aws.bedrock.voice.audio.input.duration': 0.18,
    });
    expect(span?.attributes).to.not.have.any.keys('gen_ai.input.messages', 'mlflow.spanInputs', 'mlflow.spanOutputs');
    expect(span?.events.map(({ name, attributes }) => [name.split('.').at(-1), attributes?.['json']])).to.deep.equal(
      ['turn', 'turn', 'tool_result', 'turn', 'tool_call', 'turn', 'turn', 'interruption'].map((name) => [
        name,
        undefined,
      ]),
    );
  });

  for (const [name, config] of [
    ['is off', { captureMessageContent: false }],
    ['has no room', { maxRecordLength: 64 }],
  ] as const) {
    it(`leaves the turns as they are if it ${name}, also of transcripts that come late`, async () => {
      start(config);
      await run(
        [...opening(), ...closing],
        [
          service.start(),
          ...service.text('ASSISTANT', 'SPECULATIVE', 'One, two, three.'),
          ...service.audio([Buffer.alloc(480)], 'END_TURN'),
          ...service.text('USER', 'FINAL', 'And then?'),
          ...service.text('ASSISTANT', 'SPECULATIVE', 'Four.'),
          ...service.audio([Buffer.alloc(480)], 'END_TURN'),
          ...service.text('ASSISTANT', 'FINAL', 'One, two'),
          ...service.text('ASSISTANT', 'FINAL', 'Four.', 'END_TURN'),
          service.end(),
        ],
      );
      const [span] = tracing.spans();
      expect(span?.attributes['aws.bedrock.voice.assistant_turn.count']).to.equal(2);
    });
  }

  it('passes the hook: request, answer, and each event', async () => {
    const seen: BedrockContent[] = [];
    start({
      contentHook: (content) => {
        seen.push(content);
        return JSON.parse(JSON.stringify(content.value).replaceAll('Ada', '[name]'));
      },
    });
    await run(INPUT, OUTPUT);
    const [span] = tracing.spans();
    const kinds = new Set(seen.map(({ kind }) => kind));
    expect([...kinds].sort()).to.deep.equal(['chunk', 'request', 'response']);
    expect(seen[0]).to.include({ operation: 'InvokeModelWithBidirectionalStream' });
    const record = JSON.stringify([span?.attributes, span?.events]);
    expect(record).to.not.include('Ada');
    expect(record).to.include('[name]');
    expect(json(span!, 'gen_ai.output.messages')).to.have.nested.property('[1].parts[0].content', 'You are [name].');
  });

  it('is in the events of the conventions if those are asked for', async () => {
    start({}, 'EVENT_ONLY');
    await run(INPUT, OUTPUT);
    const [event] = tracing.events();
    expect(event?.attributes).to.have.nested.property('gen_ai\\.output\\.messages');
    const record = JSON.stringify([tracing.spans()[0]?.attributes, tracing.spans()[0]?.events]);
    expect(record).to.not.include('Ada');
  });

  it('ends at the length of a record, with a note, and its figures stay whole', async () => {
    start({ maxRecordLength: 20_000 });
    const turns = Array.from({ length: 400 }, (_, turn) => [
      ...service.text('USER', 'FINAL', `Question ${turn}: ${'why '.repeat(10)}`),
      ...service.text('ASSISTANT', 'FINAL', `Answer ${turn}: ${'so '.repeat(10)}`, 'END_TURN'),
    ]).flat();
    await run([...opening(), ...closing], [service.start(), ...turns, service.usage([1, 2, 3, 4]), service.end()]);
    const [span] = tracing.spans();
    const record = JSON.stringify([span?.attributes, span?.events]);
    expect(record.length).to.be.lessThan(2 * 20_000);
    expect(record).to.include('more texts not recorded');
    expect(record).to.include('Question 0:');
    expect(span?.attributes).to.include({
      'aws.bedrock.voice.user_turn.count': 400,
      'aws.bedrock.voice.assistant_turn.count': 400,
      'gen_ai.usage.output_tokens': 7,
    });
  });
});
