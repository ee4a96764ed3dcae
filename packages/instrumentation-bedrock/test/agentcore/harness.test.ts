/** InvokeHarness: agents that AgentCore runs. */

import {
  HarnessStopReason,
  InvokeHarnessCommand,
  type InvokeHarnessCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { StreamEvent } from 'bedrock-simulator';
import { expect } from 'chai';
import { type AgentCore, beforeEachAgentCoreTest, errorOf } from '../support/agentcore.js';
import { collect, json } from '../support/tracing.js';

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/bee_harness-a1B2c3D4e5';
const SESSION = 'session-of-the-bees-0000000000000001';
const INPUT: InvokeHarnessCommandInput = {
  harnessArn: ARN,
  qualifier: 'DEFAULT',
  runtimeSessionId: SESSION,
  messages: [{ role: 'user', content: [{ text: 'How many bees are in hive 7?' }] }],
  systemPrompt: [{ text: 'You keep bees.' }],
  model: {
    bedrockModelConfig: {
      modelId: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      maxTokens: 400,
      temperature: 0.5,
      topP: 1,
    },
  },
  tools: [
    {
      type: 'inline_function',
      name: 'count_bees',
      config: { inlineFunction: { description: 'Counts bees.', inputSchema: { type: 'object' } } },
    },
    {
      type: 'remote_mcp',
      name: 'weather',
      config: { remoteMcp: { url: 'https://weather.example/mcp', headers: { Authorization: 'Bearer canary-secret' } } },
    },
    { type: 'agentcore_browser' },
  ],
  maxIterations: 4,
  maxTokens: 300,
  actorId: 'keeper-1',
};

const block = (contentBlockIndex: number, delta: unknown): StreamEvent => ({
  type: 'contentBlockDelta',
  payload: { contentBlockIndex, delta },
});
const start = (contentBlockIndex: number, value: unknown): StreamEvent => ({
  type: 'contentBlockStart',
  payload: { contentBlockIndex, start: value },
});
const stop = (contentBlockIndex: number): StreamEvent => ({ type: 'contentBlockStop', payload: { contentBlockIndex } });

const EVENTS: StreamEvent[] = [
  { type: 'hookEvent', payload: { hookEventId: 'h1', name: 'guard', type: 'before_tool_call', decision: 'allow' } },
  { type: 'messageStart', payload: { role: 'assistant' } },
  block(0, { reasoningContent: { text: 'I must ' } }),
  block(0, { reasoningContent: { text: 'count.' } }),
  stop(0),
  start(1, { toolUse: { toolUseId: 't1', name: 'count_bees', type: 'server_tool_use', serverName: 'hives' } }),
  block(1, { toolUse: { input: '{"hive"' } }),
  block(1, { toolUse: { input: ':7}' } }),
  stop(1),
  { type: 'messageStop', payload: { stopReason: 'tool_use' } },
  { type: 'messageStart', payload: { role: 'user' } },
  start(0, { toolResult: { toolUseId: 't1', status: 'success' } }),
  block(0, { toolResult: [{ json: { bees: 40000 } }] }),
  stop(0),
  { type: 'messageStop', payload: { stopReason: 'tool_result' } },
  { type: 'messageStart', payload: { role: 'assistant' } },
  block(0, { text: 'Hive 7 has ' }),
  block(0, { text: '40,000 bees.' }),
  stop(0),
  { type: 'messageStop', payload: { stopReason: 'end_turn' } },
];
const METADATA: StreamEvent = {
  type: 'metadata',
  payload: {
    usage: { inputTokens: 120, outputTokens: 30, totalTokens: 160, cacheReadInputTokens: 10, cacheWriteInputTokens: 0 },
    metrics: { latencyMs: 812 },
  },
};

describe('InvokeHarness', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  async function invoke(input: Partial<InvokeHarnessCommandInput> = {}): Promise<ReadableSpan> {
    const { stream } = await core.client.send(new InvokeHarnessCommand({ ...INPUT, ...input }));
    await collect(stream);
    return core.tracing.spans()[0]!;
  }

  it('is an invoke_agent span with harness, session, model, parameters and the usage of the invocation', async () => {
    core.answer({ events: [...EVENTS, METADATA] });
    const span = await invoke();
    expect(span.name).to.equal('invoke_agent bee_harness');
    expect(span.attributes).to.include({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.id': ARN,
      'gen_ai.agent.name': 'bee_harness',
      'gen_ai.conversation.id': SESSION,
      'aws.bedrock.agentcore.qualifier': 'DEFAULT',
      'aws.bedrock.agentcore.max_iterations': 4,
      'gen_ai.request.model': 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      'gen_ai.request.max_tokens': 300,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 1,
      'gen_ai.request.stream': true,
      'gen_ai.usage.input_tokens': 130,
      'gen_ai.usage.output_tokens': 30,
      'gen_ai.usage.cache_read.input_tokens': 10,
      'aws.bedrock.response.latency_ms': 812,
      'mlflow.spanType': 'AGENT',
      'mlflow.message.format': 'bedrock',
    });
    expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
    expect(span.status.code).to.equal(SpanStatusCode.UNSET);
    expect(core.simulator.requests.at(-1)?.headers['traceparent']).to.include(span.spanContext().spanId);
  });

  it('sums the usage of its model calls if each has its own, and counts nothing twice', async () => {
    const usage = (inputTokens: number, outputTokens: number, cacheReadInputTokens?: number): StreamEvent => {
      const totalTokens = inputTokens + outputTokens + (cacheReadInputTokens ?? 0);
      const counts = { inputTokens, outputTokens, totalTokens, cacheReadInputTokens };
      return { type: 'metadata', payload: { usage: counts, metrics: { latencyMs: 100 } } };
    };
    const [first, results, last] = [EVENTS.slice(0, 10), EVENTS.slice(10, 15), EVENTS.slice(15)];
    const untilStop = [first.slice(0, -1), first.slice(-1), last.slice(0, -1), last.slice(-1)] as const;
    const orders: Record<string, [events: StreamEvent[], input: number, output: number, latency: number]> = {
      'one for all': [[...first, ...results, ...last, usage(300, 30)], 300, 30, 100],
      'after each message': [[...first, usage(100, 10), ...results, ...last, usage(200, 20, 7)], 307, 30, 200],
      'after the results': [[...first, ...results, usage(100, 10), ...last, usage(200, 20)], 300, 30, 200],
      'within each message': [
        [...untilStop[0], usage(100, 10), ...untilStop[1], ...results].concat(
          untilStop[2],
          usage(200, 20),
          untilStop[3],
        ),
        ...([300, 30, 200] as const),
      ],
      'each, then the sum': [
        [...first, usage(100, 10), ...results, ...last, usage(200, 20), usage(300, 30)],
        ...([300, 30, 100] as const),
      ],
      'the last one twice': [
        [...first, usage(100, 10), ...results, ...last, usage(200, 20), usage(200, 20)],
        ...([300, 30, 200] as const),
      ],
      'the sum after results': [[...first, usage(100, 10), ...results, usage(100, 10)], 100, 10, 100],
    };
    for (const content of [true, false]) {
      for (const [order, [events, input, output, latency]] of Object.entries(orders)) {
        await core.trace({ config: { captureMessageContent: content } });
        core.answer({ events });
        expect((await invoke()).attributes, order).to.include({
          'gen_ai.usage.input_tokens': input,
          'gen_ai.usage.output_tokens': output,
          'aws.bedrock.response.latency_ms': latency,
        });
      }
    }
  });

  it('has the messages of the agent and of its tools, and the tools without their credentials', async () => {
    core.answer({ events: [...EVENTS, METADATA] });
    const span = await invoke();
    expect(json(span, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'How many bees are in hive 7?' }] },
    ]);
    expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'You keep bees.' }]);
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'I must count.' },
          {
            type: 'tool_call',
            id: 't1',
            name: 'count_bees',
            arguments: { hive: 7 },
            tool_type: 'server_tool_use',
            serverName: 'hives',
          },
        ],
        finish_reason: 'tool_call',
      },
      {
        role: 'tool',
        parts: [{ type: 'tool_call_response', id: 't1', response: { bees: 40000 } }],
        finish_reason: 'tool_result',
      },
      { role: 'assistant', parts: [{ type: 'text', content: 'Hive 7 has 40,000 bees.' }], finish_reason: 'stop' },
    ]);
    expect(json(span, 'mlflow.spanOutputs')).to.have.nested.property(
      'output.message.content[0].text',
      'Hive 7 has 40,000 bees.',
    );
    expect(json(span, 'mlflow.spanOutputs')).to.have.nested.property('hookEvents[0].decision', 'allow');
    expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
      { type: 'function', name: 'count_bees', description: 'Counts bees.', parameters: { type: 'object' } },
      {
        type: 'remote_mcp',
        name: 'weather',
        config: { remoteMcp: { url: 'https://weather.example/mcp', headers: { Authorization: '[redacted]' } } },
      },
      { type: 'agentcore_browser', name: 'agentcore_browser' },
    ]);
    expect(JSON.stringify(span.attributes)).to.not.include('canary-secret');
  });

  it('keeps no credentials in the addresses of tools, skills and models', async () => {
    core.answer({ events: EVENTS });
    const span = await invoke({
      model: {
        liteLlmModelConfig: { modelId: 'openai/gpt', apiBase: 'https://keeper:canary-secret@llm.example/v1' },
      },
      tools: [
        {
          type: 'remote_mcp',
          name: 'search',
          config: {
            remoteMcp: { url: 'https://mcp.example/mcp?apiKey=canary-secret&key=canary-secret#canary-secret' },
          },
        },
        { type: 'remote_mcp', name: 'odd', config: { remoteMcp: { url: 'canary-secret, no address' } } },
      ],
      skills: [{ git: { url: 'https://canary-secret@git.example/bees.git', path: 'skills' } }],
    });
    const text = JSON.stringify(span.attributes);
    expect(text).to.not.include('canary-secret');
    expect(json(span, 'mlflow.spanInputs')).to.have.nested.property(
      'skills[0].git.url',
      'https://git.example/bees.git',
    );
    expect(text).to.include('https://mcp.example/mcp?[redacted]').and.to.include('https://llm.example/v1');
  });

  it('is complete if the agent waits for the result of a function, also without metadata', async () => {
    core.answer({ events: EVENTS.slice(0, 10) });
    const span = await invoke();
    expect(span.status.code).to.equal(SpanStatusCode.UNSET);
    expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['tool_use']);
  });

  it('is incomplete if its stream ends within a message, or after the result of a tool', async () => {
    for (const count of [7, 14, 17]) {
      await core.trace({});
      core.answer({ events: EVENTS.slice(0, count) });
      const span = await invoke();
      expect(span.attributes['error.type'], `after ${count} events`).to.equal('incomplete_stream');
      expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens');
    }
  });

  it('fails with an exception in the stream, and keeps what has arrived', async () => {
    for (const type of ['runtimeClientError', 'internalServerException', 'validationException']) {
      await core.trace({});
      core.answer({
        events: [...EVENTS.slice(0, 4), { type, messageType: 'exception', payload: { message: 'It stung.' } }],
      });
      await errorOf(() => invoke());
      const [span] = core.tracing.spans();
      const error = type.charAt(0).toUpperCase() + type.slice(1);
      expect(span?.attributes['error.type']).to.equal(error);
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR);
      expect(json(span!, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content', 'I must count.');
    }
  });

  it('has every stop reason of the API in its own word, also if content is off', async () => {
    await core.trace({ config: { captureMessageContent: false } });
    for (const stopReason of Object.values(HarnessStopReason)) {
      core.answer({ events: [EVENTS[1]!, { type: 'messageStop', payload: { stopReason } }] });
      await invoke();
      const span = core.tracing.spans().at(-1);
      expect(span?.attributes['gen_ai.response.finish_reasons']).to.deep.equal([stopReason]);
    }
  });

  it('keeps what follows a message that the service did not open', async () => {
    core.answer({
      events: [block(0, { text: 'Bees.' }), { type: 'messageStop', payload: { stopReason: 'hook_stopped' } }],
    });
    expect(json(await invoke(), 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Bees.' }], finish_reason: 'hook_stopped' },
    ]);
  });

  it('has messages, tools and figures whose members are missing', async () => {
    core.answer({
      events: [
        { type: 'messageStart', payload: {} },
        start(0, undefined),
        block(0, { text: 'Hi' }),
        block(1, undefined),
        { type: 'messageStop', payload: {} },
        { type: 'metadata', payload: { usage: { inputTokens: 5 } } },
        { type: 'metadata', payload: { usage: { inputTokens: 5, mode: 'fast' } } },
      ],
    });
    const tools = [
      { name: 'plain' },
      { type: 'inline_function', config: { inlineFunction: { description: 'Counts' } } },
    ];
    const span = await invoke({ tools: tools as never });
    expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
      { type: 'function', name: 'plain' },
      { type: 'function', name: 'inline_function', description: 'Counts' },
    ]);
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Hi' }], finish_reason: '' },
    ]);
    expect(span.attributes['gen_ai.usage.input_tokens']).to.equal(5);
  });

  it('records no text if content is off, but the figures', async () => {
    await core.trace({ config: { captureMessageContent: false } });
    const canary = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (key, member: unknown) =>
        typeof member === 'string' && !['role', 'stopReason'].includes(key) ? `a canary: ${member}` : member,
      );
    core.answer({ events: [...EVENTS, METADATA].map((event) => ({ ...event, payload: canary(event.payload) })) });
    const { messages, systemPrompt, tools } = canary(INPUT) as InvokeHarnessCommandInput;
    const span = await invoke({
      ...{ messages, systemPrompt, tools },
      runtimeUserId: 'canary@example.com',
      actorId: 'the canary',
      allowedTools: ['a canary tool'],
      qualifier: 'a canary qualifier',
      skills: [{ path: '/canary' }],
      baggage: 'user=canary',
    });
    const { attributes, events, name, status } = span;
    expect(JSON.stringify({ attributes, events, name, status })).to.not.match(/canary/i);
    expect(attributes).to.include({ 'gen_ai.usage.input_tokens': 130, 'gen_ai.usage.output_tokens': 30 });
    expect(attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
  });
});
