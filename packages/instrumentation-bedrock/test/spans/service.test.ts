/** What decides price, route and safety of a call is on attributes, with content and without. */

import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
  type InvokeModelCommandInput,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const NOVA = 'us.amazon.nova-lite-v1:0';
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const GPT = 'openai.gpt-oss-120b-1:0';
const MESSAGES: ConverseCommandInput['messages'] = [{ role: 'user', content: [{ text: 'When is low tide?' }] }];
const GUARDED = { guardrailIdentifier: 'harbourguard1', guardrailVersion: '4' };
const PREFIX = /^(?:aws\.bedrock\.|gen_ai\.(?:prompt|request\.reasoning)\.)/;

describe('price, route and safety of a call', () => {
  let simulator: Simulator;
  let response: SimulatedResponse;
  let client: BedrockRuntimeClient;
  let tracing: Tracing | undefined;

  before(async () => {
    simulator = await startSimulator({ respond: () => response });
  });
  after(() => simulator.close());
  beforeEach(() => {
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await tracing?.close();
  });

  /** Makes the call with content and without. Both spans must have the same facts. */
  async function spanOf(answer: SimulatedResponse, send: () => Promise<unknown>): Promise<ReadableSpan> {
    response = answer;
    const spans: ReadableSpan[] = [];
    for (const captureMessageContent of [false, true]) {
      tracing = startTracing({ config: { captureMessageContent } });
      await send().catch(() => undefined);
      spans.push(...tracing.spans());
      await tracing.close();
    }
    const [without, withContent] = spans as [ReadableSpan, ReadableSpan];
    const facts = factsOf(withContent);
    for (const name of Object.keys(facts)) if (name.startsWith('gen_ai.prompt.variable.')) delete facts[name];
    expect(factsOf(without), 'facts without content').to.deep.equal(facts);
    return withContent;
  }

  function converse(input: Partial<ConverseCommandInput>, answer: object): Promise<ReadableSpan> {
    const body = { output: { message: { role: 'assistant', content: [{ text: 'At six.' }] } }, ...answer };
    const command = new ConverseCommand({ modelId: NOVA, messages: MESSAGES, ...input });
    return spanOf({ body }, () => client.send(command));
  }

  function converseStream(input: Partial<ConverseCommandInput>, events: StreamEvent[]): Promise<ReadableSpan> {
    const command = new ConverseStreamCommand({ modelId: NOVA, messages: MESSAGES, ...input });
    return spanOf({ events: [{ type: 'messageStart', payload: { role: 'assistant' } }, ...events] }, async () =>
      collect((await client.send(command)).stream),
    );
  }

  function invoke(
    input: Partial<InvokeModelCommandInput> & { json?: unknown },
    answer: SimulatedResponse,
  ): Promise<ReadableSpan> {
    const { json: body = { messages: [] }, ...members } = input;
    const command = new InvokeModelCommand({ modelId: NOVA, body: JSON.stringify(body), ...members });
    return spanOf(answer, () => client.send(command));
  }

  function invokeStream(input: Partial<InvokeModelCommandInput>, chunks: object[]): Promise<ReadableSpan> {
    const body = JSON.stringify({ messages: [] });
    const command = new InvokeModelWithResponseStreamCommand({ modelId: NOVA, body, ...input });
    const events = chunks.map((payload): StreamEvent => ({ type: 'chunk', payload }));
    return spanOf({ events }, async () => collect((await client.send(command)).body));
  }

  describe('service tier, latency mode and latency', () => {
    const TIERED: Partial<ConverseCommandInput> = {
      serviceTier: { type: 'priority' },
      performanceConfig: { latency: 'optimized' },
    };
    const SERVED = { serviceTier: { type: 'default' }, performanceConfig: { latency: 'standard' } };
    const EXPECTED = {
      'aws.bedrock.request.service_tier': 'priority',
      'aws.bedrock.response.service_tier': 'default',
      'aws.bedrock.request.performance_config.latency': 'optimized',
      'aws.bedrock.response.performance_config.latency': 'standard',
    };

    it('come from the members of Converse', async () => {
      const span = await converse(TIERED, { stopReason: 'end_turn', metrics: { latencyMs: 412 }, ...SERVED });
      expect(factsOf(span)).to.deep.equal({ ...EXPECTED, 'aws.bedrock.response.latency_ms': 412 });
    });

    it('come from the last event of a Converse stream', async () => {
      const span = await converseStream(TIERED, [
        { type: 'messageStop', payload: { stopReason: 'end_turn' } },
        { type: 'metadata', payload: { metrics: { latencyMs: 97 }, ...SERVED } },
      ]);
      expect(factsOf(span)).to.deep.equal({ ...EXPECTED, 'aws.bedrock.response.latency_ms': 97 });
    });

    it('come from the headers of InvokeModel', async () => {
      const headers = {
        'x-amzn-bedrock-service-tier': 'default',
        'x-amzn-bedrock-performanceconfig-latency': 'standard',
        'x-amzn-bedrock-invocation-latency': '640',
      };
      const input = { serviceTier: 'priority', performanceConfigLatency: 'optimized' } as const;
      const span = await invoke(input, { headers, body: {} });
      expect(factsOf(span)).to.deep.equal({ ...EXPECTED, 'aws.bedrock.response.latency_ms': 640 });
    });

    it('come from the metrics of an InvokeModel stream', async () => {
      const span = await invokeStream({ serviceTier: 'flex' }, [
        { messageStart: { role: 'assistant' } },
        { 'amazon-bedrock-invocationMetrics': { invocationLatency: 851, firstByteLatency: 354 } },
      ]);
      expect(factsOf(span)).to.deep.equal({
        'aws.bedrock.request.service_tier': 'flex',
        'aws.bedrock.response.latency_ms': 851,
        'aws.bedrock.response.first_byte_latency_ms': 354,
      });
    });

    it('come from the bodies of Claude, whole and streamed', async () => {
      const usage = { input_tokens: 3, output_tokens: 1, service_tier: 'standard' };
      const message = { type: 'message', id: 'msg_1', content: [], usage };
      const request = { anthropic_version: 'bedrock-2023-05-31', messages: [], service_tier: 'auto' };
      const whole = await invoke({ modelId: CLAUDE, json: request }, { body: message });
      const streamed = await invokeStream({ modelId: CLAUDE, body: JSON.stringify(request) }, [
        { type: 'message_start', message },
        { type: 'message_stop' },
      ]);
      for (const span of [whole, streamed]) {
        expect(factsOf(span)).to.deep.equal({
          'aws.bedrock.request.service_tier': 'auto',
          'aws.bedrock.response.service_tier': 'standard',
        });
      }
    });

    it('come from the chunks of a stream in OpenAI’s format', async () => {
      const chunk = (delta: object, finish_reason: string | null) => ({
        choices: [{ index: 0, delta, finish_reason }],
      });
      const body = JSON.stringify({ messages: [], service_tier: 'flex' });
      const span = await invokeStream({ modelId: GPT, body }, [
        { ...chunk({ content: 'At six.' }, null), service_tier: null },
        { ...chunk({}, 'stop'), service_tier: 'flex' },
      ]);
      expect(factsOf(span)).to.deep.equal({
        'aws.bedrock.request.service_tier': 'flex',
        'aws.bedrock.response.service_tier': 'flex',
      });
    });

    it('come from the body in OpenAI’s format, unless a header of the service says otherwise', async () => {
      const json = { messages: [{ role: 'user', content: 'When?' }], service_tier: 'flex' };
      const body = { choices: [{ message: { content: 'At six.' } }], service_tier: 'default' };
      expect(factsOf(await invoke({ modelId: GPT, json }, { body }))).to.deep.equal({
        'aws.bedrock.request.service_tier': 'flex',
        'aws.bedrock.response.service_tier': 'default',
      });
      const headers = { 'x-amzn-bedrock-service-tier': 'priority' };
      const input = { modelId: GPT, json, serviceTier: 'priority' } as const;
      expect(factsOf(await invoke(input, { headers, body }))).to.deep.equal({
        'aws.bedrock.request.service_tier': 'priority',
        'aws.bedrock.response.service_tier': 'priority',
      });
    });
  });

  it('has the type of output that a Converse request asks for', async () => {
    const structure = { jsonSchema: { name: 'port', schema: '{"type":"object"}' } };
    const span = await converse({ outputConfig: { textFormat: { type: 'json_schema', structure } } }, {});
    expect(span.attributes).to.include({ 'gen_ai.output.type': 'json' });
  });

  describe('the effort of reasoning', () => {
    const additional = (additionalModelRequestFields: ConverseCommandInput['additionalModelRequestFields']) =>
      converse({ additionalModelRequestFields }, {});

    it('is the level that a Converse request names', async () => {
      const spans = [
        await converse({ outputConfig: { effort: 'xhigh' } }, {}),
        await additional({ output_config: { effort: 'medium' } }),
        await additional({ reasoning_effort: 'high' }),
        await additional({ reasoning_config: 'low' }),
        await additional({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }),
        await additional({ inferenceConfig: { reasoningConfig: { maxReasoningEffort: 'high' } } }),
      ];
      expect(spans.map(({ attributes }) => attributes['gen_ai.request.reasoning.level'])).to.deep.equal([
        'xhigh',
        'medium',
        'high',
        'low',
        'low',
        'high',
      ]);
    });

    it('is the level that the body of an InvokeModel request names', async () => {
      const claude = { anthropic_version: 'bedrock-2023-05-31', messages: [], output_config: { effort: 'max' } };
      const nova = { messages: [], inferenceConfig: { reasoningConfig: { maxReasoningEffort: 'medium' } } };
      const spans = [
        await invoke({ modelId: CLAUDE, json: claude }, { body: {} }),
        await invoke({ modelId: GPT, json: { messages: [], reasoning_effort: 'low' } }, { body: {} }),
        await invoke({ modelId: GPT, json: { messages: [], reasoning: { effort: 'minimal' } } }, { body: {} }),
        await invoke({ json: nova }, { body: {} }),
      ];
      expect(spans.map(({ attributes }) => attributes['gen_ai.request.reasoning.level'])).to.deep.equal([
        'max',
        'low',
        'minimal',
        'medium',
      ]);
    });

    it('is a budget in tokens for Claude', async () => {
      const thinking = { type: 'enabled', budget_tokens: 2048 };
      const claude = { anthropic_version: 'bedrock-2023-05-31', messages: [], thinking };
      const spans = [
        await additional({ thinking }),
        await additional({ reasoning_config: thinking }),
        await invoke({ modelId: CLAUDE, json: claude }, { body: {} }),
      ];
      for (const span of spans) {
        expect(factsOf(span)).to.deep.equal({ 'aws.bedrock.request.reasoning.budget_tokens': 2048 });
      }
    });
  });

  describe('the verdict of a guardrail', () => {
    const ID = { 'aws.bedrock.guardrail.id': 'harbourguard1', 'aws.bedrock.guardrail.version': '4' };
    const BLOCKED = {
      topicPolicy: { topics: [{ name: 'Smuggling', type: 'DENY', action: 'BLOCKED' }] },
      appliedGuardrailDetails: { guardrailId: 'harbourguard1', guardrailOrigin: ['REQUEST', 'ACCOUNT_ENFORCED'] },
    };
    const HARMLESS = {
      wordPolicy: { customWords: [{ match: 'parrot', action: 'NONE', detected: true }] },
      appliedGuardrailDetails: { guardrailId: 'portguard', guardrailOrigin: ['ORGANIZATION_ENFORCED'] },
    };
    const TRACE = {
      actionReason: 'Guardrail blocked.',
      inputAssessment: { harbourguard1: HARMLESS },
      outputAssessments: { harbourguard1: [BLOCKED, BLOCKED] },
    };
    const VERDICT = {
      ...ID,
      'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
      'aws.bedrock.guardrail.action_reason': 'Guardrail blocked.',
      'aws.bedrock.guardrail.origin': ['ORGANIZATION_ENFORCED', 'REQUEST', 'ACCOUNT_ENFORCED'],
    };

    it('is that of stop reason and trace in Converse', async () => {
      const answer = { stopReason: 'guardrail_intervened', trace: { guardrail: TRACE } };
      expect(factsOf(await converse({ guardrailConfig: GUARDED }, answer))).to.deep.equal(VERDICT);
    });

    it('is NONE if the guardrail of a Converse request let the answer pass', async () => {
      const passed = { ...ID, 'aws.bedrock.guardrail.action': 'NONE' };
      expect(factsOf(await converse({ guardrailConfig: GUARDED }, { stopReason: 'end_turn' }))).to.deep.equal(passed);
      const trace = { guardrail: { inputAssessment: { harbourguard1: HARMLESS } } };
      expect(factsOf(await converse({}, { stopReason: 'end_turn', trace }))).to.deep.equal({
        'aws.bedrock.guardrail.action': 'NONE',
        'aws.bedrock.guardrail.origin': ['ORGANIZATION_ENFORCED'],
      });
    });

    it('is absent in Converse without a guardrail, and an intervention without one in the request', async () => {
      expect(factsOf(await converse({}, { stopReason: 'end_turn' }))).to.deep.equal({});
      expect(factsOf(await converse({}, { stopReason: 'guardrail_intervened' }))).to.deep.equal({
        'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
      });
    });

    it('is read from the trace if a Converse answer was masked and ended its turn', async () => {
      const piiEntities = [{ type: 'NAME', match: 'Ahab', action: 'ANONYMIZED' }];
      const outputAssessments = { harbourguard1: [{ sensitiveInformationPolicy: { piiEntities } }] };
      const trace = { guardrail: { outputAssessments } };
      const span = await converse({ guardrailConfig: GUARDED }, { stopReason: 'end_turn', trace });
      expect(factsOf(span)).to.include({ 'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED' });
    });

    it('is kept of a Converse stream that failed after it, and unknown if it failed before', async () => {
      const failure: StreamEvent = {
        type: 'throttlingException',
        messageType: 'exception',
        payload: { message: 'Too many boats.' },
      };
      const failed = await converseStream({ guardrailConfig: GUARDED }, [
        { type: 'messageStop', payload: { stopReason: 'guardrail_intervened' } },
        { type: 'metadata', payload: { trace: { guardrail: TRACE } } },
        failure,
      ]);
      expect(failed.status.code).to.equal(SpanStatusCode.ERROR);
      expect(factsOf(failed)).to.deep.equal(VERDICT);
      const piece: StreamEvent = {
        type: 'contentBlockDelta',
        payload: { contentBlockIndex: 0, delta: { text: 'At' } },
      };
      expect(factsOf(await converseStream({ guardrailConfig: GUARDED }, [piece, failure]))).to.deep.equal(ID);
    });

    it('is that of InvokeModel’s own members, in the words of ApplyGuardrail', async () => {
      const guardrail = {
        actionReason: 'Guardrail blocked.',
        input: { harbourguard1: HARMLESS },
        outputs: [{ harbourguard1: BLOCKED }],
      };
      const members = { 'amazon-bedrock-guardrailAction': 'INTERVENED', 'amazon-bedrock-trace': { guardrail } };
      const whole = await invoke(GUARDED, { body: members });
      const streamed = await invokeStream(GUARDED, [
        { messageStart: { role: 'assistant' } },
        { metadata: {}, ...members },
      ]);
      for (const span of [whole, streamed]) expect(factsOf(span)).to.deep.equal(VERDICT);
      const passed = await invoke(GUARDED, { body: { 'amazon-bedrock-guardrailAction': 'NONE' } });
      expect(factsOf(passed)).to.deep.equal({ ...ID, 'aws.bedrock.guardrail.action': 'NONE' });
    });

    it('is that of the changed chunk if later chunks of a stream are unchanged, or if the stream fails', async () => {
      const delta = (text: string, action: string): object => ({
        contentBlockDelta: { contentBlockIndex: 0, delta: { text } },
        'amazon-bedrock-guardrailAction': action,
      });
      const span = await invokeStream(GUARDED, [delta('{NAME}', 'INTERVENED'), delta(' sails.', 'NONE')]);
      expect(span.status.code, 'a stream without its closing event').to.equal(SpanStatusCode.ERROR);
      expect(factsOf(span)).to.deep.equal({ ...ID, 'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED' });
      expect(json(span, 'mlflow.spanOutputs')).to.include({ 'amazon-bedrock-guardrailAction': 'INTERVENED' });
    });

    it('is unknown if a stream fails before its guardrail has intervened', async () => {
      const piece = { contentBlockDelta: { delta: { text: 'At' } }, 'amazon-bedrock-guardrailAction': 'NONE' };
      expect(factsOf(await invokeStream(GUARDED, [piece]))).to.deep.equal(ID);
      const closing = [{ messageStop: { stopReason: 'end_turn' } }, { metadata: {} }];
      expect(factsOf(await invokeStream(GUARDED, [piece, ...closing]))).to.deep.equal({
        ...ID,
        'aws.bedrock.guardrail.action': 'NONE',
      });
    });

    it('does not complete a stream of which it changed pieces', async () => {
      const delta = (text: string): object => ({
        contentBlockDelta: { contentBlockIndex: 0, delta: { text } },
        'amazon-bedrock-guardrailAction': 'INTERVENED',
      });
      const start = { messageStart: { role: 'assistant' } };
      const span = await invokeStream(GUARDED, [start, delta('{NAME}'), delta(' sails.')]);
      expect(span.attributes['error.type']).to.equal('incomplete_stream');
    });

    it('is that of ApplyGuardrail, with its reason and the origins', async () => {
      const command = new ApplyGuardrailCommand({ ...GUARDED, source: 'INPUT', content: [{ text: { text: 'x' } }] });
      const body = {
        action: 'GUARDRAIL_INTERVENED',
        actionReason: 'Guardrail blocked.',
        outputs: [],
        assessments: [HARMLESS, BLOCKED],
      };
      const span = await spanOf({ body }, () => client.send(command));
      expect(factsOf(span)).to.deep.equal({ ...VERDICT, 'aws.bedrock.guardrail.assessment.count': 2 });
    });
  });

  describe('the metadata of a request', () => {
    const EXPECTED = { 'aws.bedrock.request_metadata.team': 'harbour', 'aws.bedrock.request_metadata.a b': '' };
    const METADATA = { team: 'harbour', 'a b': '' };

    it('is an attribute for each key, of Converse and InvokeModel', async () => {
      expect(factsOf(await converse({ requestMetadata: METADATA }, {}))).to.deep.equal(EXPECTED);
      const input = { requestMetadata: JSON.stringify(METADATA) };
      expect(factsOf(await invoke(input, { body: {} }))).to.deep.equal(EXPECTED);
    });

    it('is read from the header that middleware of the application adds, as are tier and guardrail', async () => {
      client.middlewareStack.add(
        (next) => (args) => {
          const { headers } = args.request as { headers: Record<string, string> };
          headers['X-Amzn-Bedrock-Request-Metadata'] = JSON.stringify(METADATA);
          headers['X-Amzn-Bedrock-Service-Tier'] = 'flex';
          headers['X-Amzn-Bedrock-GuardrailIdentifier'] = 'other';
          return next(args);
        },
        { step: 'build' },
      );
      expect(factsOf(await invoke(GUARDED, { body: {} }))).to.deep.equal({
        ...EXPECTED,
        'aws.bedrock.request.service_tier': 'flex',
        'aws.bedrock.guardrail.id': 'harbourguard1',
        'aws.bedrock.guardrail.version': '4',
      });
    });

    it('is limited to what the service accepts', async () => {
      const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, 'x']));
      const long = { [`k${'x'.repeat(256)}`]: 'x', long: 'x'.repeat(257), '': 'x', number: 1, list: ['x'], none: null };
      const span = await converse({ requestMetadata: { ...long, ...many } as Record<string, string> }, {});
      const names = Object.keys(factsOf(span));
      expect(names).to.have.lengthOf(16);
      expect(names).to.include('aws.bedrock.request_metadata.key15');
      for (const requestMetadata of ['no JSON', '["a"]', '"a"', 'null', `{"a":"${'x'.repeat(50_000)}"}`]) {
        expect(factsOf(await invoke({ requestMetadata }, { body: {} }))).to.deep.equal({});
      }
    });
  });

  describe('a managed prompt', () => {
    const ARN = 'arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:prompt/TIDES12345:7';
    const FACTS = {
      'aws.bedrock.prompt.arn': ARN,
      'gen_ai.prompt.name': 'TIDES12345',
      'gen_ai.prompt.version': '7',
    };

    it('is known by ARN, name and version, and its variables are content', async () => {
      const promptVariables = { port: { text: 'Bergen' }, ['__proto__']: { text: 'x' }, '$&': { text: 'x' } };
      const span = await converse({ modelId: ARN, messages: undefined, promptVariables }, {});
      expect(factsOf(span)).to.deep.equal({
        ...FACTS,
        'gen_ai.prompt.variable.port': 'Bergen',
        'gen_ai.prompt.variable.__proto__': 'x',
        'gen_ai.prompt.variable.$&': 'x',
      });
      expect(json(span, 'mlflow.spanInputs')).to.have.nested.property('promptVariables.port.text', 'Bergen');
    });

    it('has variables of newer kinds as JSON, and none whose name is too long', async () => {
      const promptVariables = { ship: { $unknown: ['number', 5] }, ['x'.repeat(300)]: { text: 'x' } } as never;
      const span = await converse({ modelId: ARN, messages: undefined, promptVariables }, {});
      expect(factsOf(span)).to.deep.equal({ ...FACTS, 'gen_ai.prompt.variable.ship': '{"$unknown":["number",5]}' });
    });

    it('has no version if the ARN has none, and is not assumed for other ARNs', async () => {
      const draft = ARN.slice(0, -2);
      expect(factsOf(await converse({ modelId: draft }, {}))).to.deep.equal({
        'aws.bedrock.prompt.arn': draft,
        'gen_ai.prompt.name': 'TIDES12345',
      });
      const router = 'arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1';
      expect(factsOf(await converse({ modelId: router }, {}))).to.deep.equal({});
    });

    it('has variables that the content hook and the length limit change', async () => {
      response = { body: {} };
      tracing = startTracing({
        config: {
          maxContentLength: 5,
          contentHook: ({ value }) => JSON.parse(JSON.stringify(value).replaceAll('Bergen', 'a port')),
        },
      });
      const promptVariables = { port: { text: 'Bergen' }, ship: { text: 'Pequod' } };
      await client.send(new ConverseCommand({ modelId: ARN, promptVariables }));
      expect(factsOf(tracing.spans()[0]!)).to.deep.equal({
        ...FACTS,
        'gen_ai.prompt.variable.port': 'a por… [1 more character not recorded]',
        'gen_ai.prompt.variable.ship': 'Pequo… [1 more character not recorded]',
      });
    });
  });

  it('are ignored if they are malformed', async () => {
    const input = {
      serviceTier: { type: 5 },
      performanceConfig: ['optimized'],
      guardrailConfig: { guardrailIdentifier: 'x'.repeat(3000), guardrailVersion: 4 },
      outputConfig: { effort: 3 },
      additionalModelRequestFields: { reasoning_effort: ['high'], thinking: { budget_tokens: '9' } },
    } as unknown as Partial<ConverseCommandInput>;
    const stranger = {
      actionReason: 5,
      inputAssessment: [5],
      outputAssessments: { x: 'y' },
      input: null,
      outputs: 'z',
    };
    // The SDK checks the members of Converse, so the answer of InvokeModel has the odd ones.
    expect(factsOf(await converse(input, { stopReason: 'end_turn' }))).to.deep.equal({});
    const odd = [
      { 'amazon-bedrock-guardrailAction': 5, 'amazon-bedrock-trace': { guardrail: stranger } },
      { 'amazon-bedrock-guardrailAction': 'x'.repeat(300), 'amazon-bedrock-trace': 'none' },
      { 'amazon-bedrock-trace': { guardrail: { input: { a: { topicPolicy: { topics: [null, 5] } } }, outputs: [5] } } },
      { 'amazon-bedrock-trace': { guardrail: { input: { a: { appliedGuardrailDetails: { guardrailOrigin: 5 } } } } } },
      { service_tier: {}, usage: { service_tier: 5 } },
    ];
    for (const body of odd) {
      expect(factsOf(await invoke({ modelId: GPT }, { body }))).to.deep.equal({});
      const metrics = { invocationLatency: 'long', firstByteLatency: -1 };
      const chunk = { ...body, 'amazon-bedrock-invocationMetrics': metrics };
      expect(factsOf(await invokeStream({ modelId: GPT }, [chunk]))).to.deep.equal({});
    }
    const headers = { 'x-amzn-bedrock-invocation-latency': 'soon', 'x-amzn-bedrock-service-tier': 'x'.repeat(300) };
    expect(factsOf(await invoke({}, { headers, body: {} }))).to.deep.equal({});
  });

  it('have a reason that is cut between two characters', async () => {
    const reason = 'No action. '.repeat(93);
    const actionReason = `${reason}🦜`;
    const body = { 'amazon-bedrock-guardrailAction': 'NONE', 'amazon-bedrock-trace': { guardrail: { actionReason } } };
    const span = await invoke({}, { body });
    expect(span.attributes['aws.bedrock.guardrail.action_reason']).to.equal(reason);
  });

  describe('in words that are newer than this package', () => {
    const NEW = { serviceTier: { type: 'tidal' }, performanceConfig: { latency: 'instant' } };
    const guardrail = {
      actionReason: 'Quantum filter blocked.',
      outputAssessments: { g: [{ appliedGuardrailDetails: { guardrailOrigin: ['MOON_ENFORCED'] } }] },
    };
    const WORDS = {
      'aws.bedrock.request.service_tier': 'tidal',
      'aws.bedrock.response.service_tier': 'tidal',
      'aws.bedrock.guardrail.action_reason': 'Quantum filter blocked.',
      'aws.bedrock.guardrail.origin': ['MOON_ENFORCED'],
    };
    const CALLS: Readonly<Record<string, [SimulatedResponse, Attributes, () => Promise<unknown>]>> = {
      Converse: [
        { body: { ...NEW, stopReason: 'high_tide', trace: { guardrail } } },
        {
          ...WORDS,
          'aws.bedrock.request.performance_config.latency': 'instant',
          'aws.bedrock.response.performance_config.latency': 'instant',
        },
        () => client.send(new ConverseCommand({ modelId: NOVA, messages: MESSAGES, ...(NEW as object) })),
      ],
      InvokeModel: [
        {
          headers: { 'x-amzn-bedrock-service-tier': 'tidal' },
          body: {
            stopReason: 'high_tide',
            'amazon-bedrock-trace': { guardrail: { ...guardrail, outputs: [guardrail.outputAssessments.g[0]] } },
          },
        },
        WORDS,
        () =>
          client.send(
            new InvokeModelCommand({ modelId: NOVA, body: '{"messages":[]}', ...({ serviceTier: 'tidal' } as object) }),
          ),
      ],
    };
    for (const [operation, [answer, words, send]] of Object.entries(CALLS)) {
      it(`are recorded of ${operation} as sent with content, also if a hook has seen them, and are _OTHER without`, async () => {
        response = answer;
        const spans: Attributes[] = [];
        const same: BedrockInstrumentationConfig['contentHook'] = ({ value }) => value;
        for (const config of [{}, { contentHook: same }, { captureMessageContent: false }]) {
          tracing = startTracing({ config });
          await send();
          spans.push(tracing.spans()[0]!.attributes);
          await tracing.close();
        }
        const [all, hooked, without] = spans as [Attributes, Attributes, Attributes];
        expect(all).to.deep.include({ ...words, 'gen_ai.response.finish_reasons': ['high_tide'] });
        expect(hooked).to.deep.include({ ...words, 'gen_ai.response.finish_reasons': ['high_tide'] });
        expect(without['aws.bedrock.request.service_tier']).to.equal('_OTHER');
        expect(JSON.stringify(without)).to.not.match(/tidal|instant|Quantum|MOON|high_tide/);
      });
    }

    it('keep the verdict of the guardrail if a hook removes its trace', async () => {
      response = { body: { stopReason: 'guardrail_intervened', trace: { guardrail } } };
      tracing = startTracing({
        config: { contentHook: ({ kind, value }) => (kind === 'response' ? { output: {} } : value) },
      });
      await client.send(new ConverseCommand({ modelId: NOVA, messages: MESSAGES }));
      expect(tracing.spans()[0]?.attributes).to.include({ 'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED' });
    });
  });

  it('have only labels of the metadata if content is off', async () => {
    response = { body: {} };
    tracing = startTracing({ config: { captureMessageContent: false } });
    const requestMetadata = {
      'cost center': '4711',
      tenant: 'harbour/north:2',
      user: 'ahab@example.com',
      note: 'when is low tide',
      'ahab@example.com': 'x',
    };
    await client.send(new ConverseCommand({ modelId: NOVA, messages: MESSAGES, requestMetadata }));
    expect(factsOf(tracing.spans()[0]!)).to.deep.equal({
      'aws.bedrock.request_metadata.cost center': '4711',
      'aws.bedrock.request_metadata.tenant': 'harbour/north:2',
    });
  });

  it('are not read for spans that are not recorded', async () => {
    response = { body: {} };
    tracing = startTracing({ sampler: new AlwaysOffSampler(), withMetrics: true });
    let reads = 0;
    const requestMetadata = {
      get team() {
        reads++;
        return 'harbour';
      },
    };
    // The SDK reads the member once when it sends the request.
    await client.send(new ConverseCommand({ modelId: NOVA, messages: MESSAGES, requestMetadata }));
    const untraced = reads;
    tracing.instrumentation.disable();
    await client.send(new ConverseCommand({ modelId: NOVA, messages: MESSAGES, requestMetadata }));
    expect(reads - untraced).to.equal(untraced);
  });
});

function factsOf({ attributes }: ReadableSpan): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => PREFIX.test(name)));
}
