/** Agents: the spans of their model calls. */

import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { at, chunk, modelInput, modelOutput, rationale, turn } from '../support/agent-events.js';
import { only, pathOf, times, useAgents } from '../support/agent-run.js';
import { json } from '../support/tracing.js';

const T = turn(1);

describe('a model call of an agent', () => {
  const agents = useAgents();
  const { run } = agents;

  const events = [
    modelInput(`${T}-0`),
    modelOutput(`${T}-0`, { others: { reasoningContent: { reasoningText: { text: 'Bees first.' } } } }),
    rationale(`${T}-0`, 'I look at the hive.'),
    chunk('Yes'),
  ];

  it('is a chat span with model, parameters, tokens, conversation and the times of the service', async () => {
    const all = await run(events);
    const chat = only(all, 'chat amazon.nova-lite-v1:0');
    expect(chat.kind).to.equal(SpanKind.CLIENT);
    expect(pathOf(chat, all)).to.equal('/invoke_agent');
    expect(times(chat)).to.deep.equal([at(100), at(400)]);
    expect(chat.attributes).to.deep.include({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': 'amazon.nova-lite-v1:0',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 40,
      'gen_ai.request.max_tokens': 300,
      'gen_ai.request.stop_sequences': ['</answer>'],
      'gen_ai.usage.input_tokens': 30,
      'gen_ai.usage.output_tokens': 7,
      'aws.bedrock.agent.prompt_type': 'ORCHESTRATION',
      'aws.bedrock.agent.rationale': 'I look at the hive.',
      'aws.request_id': turn(900),
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.llm.model': 'amazon.nova-lite-v1:0',
    });
    expect(json(chat, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'You keep bees.' }]);
    expect(json(chat, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'Is it time to swarm?' }] },
    ]);
    expect(json(chat, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Bees first.' },
          { type: 'text', content: '<answer>Yes' },
        ],
        finish_reason: 'stop',
      },
    ]);
    expect(JSON.stringify(json(chat, 'mlflow.spanInputs'))).to.not.include('__type');
    expect(json(chat, 'mlflow.spanOutputs')).to.deep.equal({
      reasoningContent: { reasoningText: { text: 'Bees first.' } },
      rationale: 'I look at the hive.',
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Bees first.' } } },
            { text: '<answer>Yes' },
            { text: '\n\n**Reasoning**\n\n> Bees first.', shows: 'reasoningContent' },
          ],
        },
      },
    });
  });

  it('has the usage, and the span of the agent has none', async () => {
    const [root] = await run(events);
    expect(root?.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
    expect(root?.attributes).to.include({ 'gen_ai.agent.version': '7', 'gen_ai.conversation.id': 's-1' });
  });

  it('has the answer of Claude with its id, model, finish reason, tool call and cached tokens', async () => {
    const answer = JSON.stringify({
      type: 'message',
      id: 'msg_1',
      model: 'claude-haiku-4-5',
      role: 'assistant',
      stop_reason: 'tool_use',
      usage: { input_tokens: 30, output_tokens: 7, cache_read_input_tokens: 200, cache_creation_input_tokens: 10 },
      content: [
        { type: 'text', text: 'I open it.', source: null, input: null },
        { type: 'tool_use', id: 'tool_1', name: 'open_hive', input: { hive: 12, note: null }, text: null },
      ],
    });
    const others = { foundationModel: 'anthropic.claude-haiku-4-5-20251001-v1:0' };
    const all = await run([modelInput(`${T}-0`, { others }), modelOutput(`${T}-0`, { answer }), chunk('Yes')]);
    const chat = only(all, 'chat anthropic.claude-haiku-4-5-20251001-v1:0');
    expect(chat.attributes).to.deep.include({
      'gen_ai.response.id': 'msg_1',
      'gen_ai.response.model': 'claude-haiku-4-5',
      'gen_ai.response.finish_reasons': ['tool_use'],
      'gen_ai.usage.input_tokens': 240,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 200,
      'gen_ai.usage.cache_write.input_tokens': 10,
    });
    expect(json(chat, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: 'I open it.' },
          { type: 'tool_call', id: 'tool_1', name: 'open_hive', arguments: { hive: 12, note: null } },
        ],
        finish_reason: 'tool_call',
      },
    ]);
  });

  it('has the answer of Nova with its reasoning once', async () => {
    const message = {
      role: 'assistant',
      content: [
        { text: null, reasoningContent: { reasoningText: { text: 'Bees first.', signature: null } }, toolUse: null },
        { text: 'Yes', reasoningContent: null, toolUse: null },
      ],
    };
    const answer = JSON.stringify({ output: { message }, stopReason: 'end_turn', usage: { inputTokens: 30 } });
    const others = { reasoningContent: { reasoningText: { text: 'Bees first.' } } };
    const all = await run([modelInput(`${T}-0`), modelOutput(`${T}-0`, { answer, others }), chunk('Yes')]);
    const chat = only(all, 'chat amazon.nova-lite-v1:0');
    expect(chat.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
    expect(json(chat, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Bees first.' },
          { type: 'text', content: 'Yes' },
        ],
        finish_reason: 'stop',
      },
    ]);
  });

  it('has the answer of a model with a format of its own as JSON', async () => {
    const answer = '{"reply":"Yes","tokens":{"used":7}}';
    const all = await run([modelInput(`${T}-0`), modelOutput(`${T}-0`, { answer }), chunk('Yes')]);
    const chat = only(all, 'chat amazon.nova-lite-v1:0');
    expect(json(chat, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: answer }], finish_reason: 'stop' },
    ]);
    expect(chat.attributes).to.include({ 'gen_ai.usage.input_tokens': 30, 'gen_ai.usage.output_tokens': 7 });
  });

  for (const [what, text, messages] of [
    ['a prompt that is no JSON', 'Answer by these results: …', [['user', 'Answer by these results: …']]],
    ['a prompt whose JSON is broken', '{"system":"\\q","messages":[]}', [['user', '{"system":"\\q","messages":[]}']]],
    ['an empty prompt', '', []],
    [
      'contents that Java wrote',
      JSON.stringify({
        messages: [
          { role: 'user', content: '[{text=Swarm?, type=text}]' },
          { role: 'assistant', content: '[{text=Hm}, {toolUse={name=open}}]' },
        ],
      }),
      [
        ['user', 'Swarm?'],
        ['assistant', '[{text=Hm}, {toolUse={name=open}}]'],
      ],
    ],
    [
      'contents that are blocks',
      JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Swarm?' }, { toolUse: { name: 'open' } }] }] }),
      [['user', 'Swarm?', '{"toolUse":{"name":"open"}}']],
    ],
    [
      'messages of any form',
      JSON.stringify({
        messages: ['Swarm?', { content: { text: 'Hm' } }, { role: 'user', content: '[{text=Swarm?}]' }],
      }),
      [
        ['user', 'Swarm?'],
        ['user', 'Hm'],
        ['user', 'Swarm?'],
      ],
    ],
  ] as [string, string, string[][]][]) {
    it(`reads ${what}`, async () => {
      const all = await run([modelInput(`${T}-0`, { text }), modelOutput(`${T}-0`), chunk('Yes')]);
      const read = (json(only(all, 'chat amazon.nova-lite-v1:0'), 'gen_ai.input.messages') ?? []) as {
        role: string;
        parts: { content: string }[];
      }[];
      expect(read.map(({ role, parts }) => [role, ...parts.map(({ content }) => content)])).to.deep.equal(messages);
    });
  }

  it('before and after the orchestration says so, with what it has found', async () => {
    const pre = { kind: 'preProcessingTrace' };
    const all = await run([
      modelInput(`${T}-pre-0`, { others: { type: 'PRE_PROCESSING' } }, pre),
      modelOutput(`${T}-pre-0`, { others: { parsedResponse: { isValid: true, rationale: 'About bees.' } } }, pre),
      modelInput(`${T}-0`, { start: 500 }),
      modelOutput(`${T}-0`, { start: 500, end: 600 }),
      modelOutput(`${T}-post-0`, { start: 700, end: 800 }, { kind: 'postProcessingTrace' }),
      chunk('Yes'),
    ]);
    const chats = all.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat');
    const types = chats.map(({ attributes }) => attributes['aws.bedrock.agent.prompt_type']);
    expect(types).to.have.members(['PRE_PROCESSING', 'ORCHESTRATION', 'POST_PROCESSING']);
    const first = chats.find(({ attributes }) => attributes['aws.bedrock.agent.prompt_type'] === 'PRE_PROCESSING');
    expect(first?.attributes['aws.bedrock.agent.input_valid']).to.equal(true);
    expect(first?.attributes['aws.bedrock.agent.rationale']).to.equal('About bees.');
    expect(json(first as ReadableSpan, 'mlflow.spanOutputs')).to.deep.include({
      parsedResponse: { isValid: true, rationale: 'About bees.' },
    });
  });
});
