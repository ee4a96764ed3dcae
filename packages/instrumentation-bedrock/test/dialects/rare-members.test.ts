/** Bodies of models with members that are rare, empty or malformed: what can be read of them is recorded. */

import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  InvokeGuardrailChecksCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ListAsyncInvokesCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { messageViolations } from '../support/message-schema.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const COMMAND_R = 'cohere.command-r-v1:0';
const EMBED = 'cohere.embed-v4:0';
const GPT = 'openai.gpt-oss-120b-1:0';
const NOVA = 'amazon.nova-lite-v1:0';
const PROVISIONED = 'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123';
const STABLE = 'stability.sd3-5-large-v1:0';

const text = (content: string): object => ({ type: 'text', content });
const user = (...parts: object[]): object => ({ role: 'user', parts });
const result = (id: string, response: unknown): object => ({ type: 'tool_call_response', id, response });

const ASKED = [{ role: 'user', content: 'Hi' }];
const NOVA_ASKED = [{ role: 'user', content: [{ text: 'Hi' }] }];

/** A request, its messages, and its tools. */
const REQUESTS: Readonly<Record<string, readonly [string, object, readonly object[], (readonly object[])?]>> = {
  'a chat message without a role': [GPT, { messages: [{ content: 'Hi' }] }, [user(text('Hi'))]],
  'items of a chat message without a type, without a file and of an unknown type': [
    GPT,
    {
      messages: [
        {
          role: 'user',
          content: [{ note: 'x' }, { type: 'file', file: { filename: 'a.pdf' } }, { type: 'scan', page: 'first' }],
        },
      ],
    },
    [user({ type: 'file', modality: 'document', file_id: '', filename: 'a.pdf' }, { type: 'scan', page: 'first' })],
  ],
  'results of tools in a chat: several texts, none, and an image': [
    GPT,
    {
      messages: [
        {
          role: 'tool',
          tool_call_id: 'c1',
          content: [
            { type: 'text', text: 'High' },
            { type: 'text', text: 'noon' },
          ],
        },
        { role: 'tool', tool_call_id: 'c2', content: null },
        { role: 'tool', tool_call_id: 'c3', content: [{ type: 'image_url', image_url: { url: 'https://a.example' } }] },
      ],
    },
    [
      {
        role: 'tool',
        parts: [
          result('c1', [
            { type: 'text', text: 'High' },
            { type: 'text', text: 'noon' },
          ]),
        ],
      },
      { role: 'tool', parts: [result('c2', null)] },
      { role: 'tool', parts: [result('c3', [{ type: 'image_url', image_url: { url: 'https://a.example' } }])] },
    ],
  ],
  'calls of tools in a chat: without arguments, of an unknown type, and without a type': [
    GPT,
    {
      messages: [
        {
          role: 'assistant',
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'tide' } },
            { id: 'c2', type: 'mcp_call', server: 'pier' },
            { id: 'c3' },
          ],
        },
      ],
    },
    [
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', id: 'c1', name: 'tide', arguments: {} },
          { type: 'mcp_call', id: 'c2', server: 'pier' },
        ],
      },
    ],
  ],
  'results of tools and a history for Command R': [
    COMMAND_R,
    {
      message: '',
      chat_history: [
        { message: 'Hi' },
        { role: 'CHATBOT', tool_calls: [{ name: 'tide', parameters: { port: 'Oslo' } }] },
        { role: 'OBSERVER', message: 'Hm' },
      ],
      tools: [{ name: 'tide', description: 'Reads tides' }, { description: 'Without a name' }],
      tool_results: [{ call: { name: 'tide' }, outputs: [{ tide: 'high' }] }],
    },
    [
      user(text('Hi')),
      { role: 'assistant', parts: [{ type: 'tool_call', name: 'tide', arguments: { port: 'Oslo' } }] },
      { role: 'observer', parts: [text('Hm')] },
      {
        role: 'tool',
        parts: [{ type: 'tool_call_response', response: { call: { name: 'tide' }, outputs: [{ tide: 'high' }] } }],
      },
    ],
    [{ type: 'function', name: 'tide', description: 'Reads tides' }],
  ],
  'tools of Nova without a name or with a type': [
    NOVA,
    {
      schemaVersion: 'messages-v1',
      messages: NOVA_ASKED,
      toolConfig: {
        tools: [
          { toolSpec: { description: 'Without a name' } },
          { systemTool: {} },
          { systemTool: { name: 7 } },
          { mcpTool: { type: 'remote', name: 'buoy' } },
        ],
      },
    },
    [user(text('Hi'))],
    [
      { type: 'systemTool', name: 'systemTool' },
      { type: 'mcpTool', name: 'buoy', kind: 'remote' },
    ],
  ],
  'blocks of Nova that are empty or have no text': [
    NOVA,
    {
      schemaVersion: 'messages-v1',
      messages: [
        {
          role: 'user',
          content: [
            {},
            { guardContent: { audio: { format: 'wav' } } },
            { citationsContent: { citations: [{ title: 'Tides' }] } },
            { toolResult: { toolUseId: 't1', content: ['high'] } },
            { toolResult: { toolUseId: 't2', content: [] } },
          ],
        },
      ],
    },
    [
      user(
        { type: 'guardContent', audio: { format: 'wav' } },
        { type: 'citations', content: [{ title: 'Tides' }] },
        result('t1', 'high'),
        result('t2', []),
      ),
    ],
  ],
  'a request that only its parameters show to be for Nova': [
    PROVISIONED,
    { messages: NOVA_ASKED, inferenceConfig: { maxTokens: 5 } },
    [user(text('Hi'))],
  ],
  'tools and blocks of Claude without their members': [
    CLAUDE,
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't' },
            { type: 'tool_result', content: 'orphaned' },
            { type: 'document', source: { type: 'text' } },
          ],
        },
      ],
      tools: [{ description: 'Without a name' }, { name: 'tide', type: 7 }, { name: 'wind' }],
    },
    [user(result('t', null), { type: 'tool_call_response', response: 'orphaned' }, text(''))],
    [{ type: 'function', name: 'wind' }],
  ],
  'an image at an address for a model of images': [
    STABLE,
    { prompt: 'A boat', image: 'https://a.example/a.png' },
    [user(text('A boat'), { type: 'uri', modality: 'image', uri: 'https://a.example/a.png' })],
  ],
  'an image without an address for embeddings': [
    EMBED,
    { inputs: [{ content: [{ type: 'text', text: 'A boat' }, { type: 'image_url' }] }] },
    [user(text('A boat'))],
  ],
};

const answerOf = (message: object): object => ({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
const CITATION = { type: 'url_citation', url_citation: { url: 'https://a.example', title: 'Tides' } };
const AUDIO = { id: 'a1', data: 'AAAA', transcript: 'Noon.' };
const TIDE = { type: 'tool_call', name: 'tide', arguments: {} };

/** An answer, and the parts of its message. */
const ANSWERS: Readonly<Record<string, readonly [string, object, object, readonly object[]]>> = {
  'a chat answer with sources and without audio': [
    GPT,
    { messages: ASKED },
    answerOf({ role: 'assistant', content: 'Noon.', audio: null, annotations: [CITATION] }),
    [text('Noon.'), { type: 'annotations', content: [CITATION] }],
  ],
  'a chat answer with audio and without sources': [
    GPT,
    { messages: ASKED },
    answerOf({ role: 'assistant', content: null, audio: AUDIO, annotations: [] }),
    [{ type: 'audio', content: AUDIO }],
  ],
  'calls of Command R beside a text': [
    COMMAND_R,
    { message: 'Hi' },
    {
      response_id: 'r',
      generation_id: 'g',
      text: 'I look.',
      tool_calls: [{ name: 'tide' }],
      finish_reason: 'COMPLETE',
    },
    [text('I look.'), TIDE],
  ],
  'calls of Command R beside an empty text': [
    COMMAND_R,
    { message: 'Hi' },
    { response_id: 'r', generation_id: 'g', text: '', tool_calls: [{ name: 'tide' }], finish_reason: 'COMPLETE' },
    [TIDE],
  ],
};

/** The chunks of a stream, and the parts of its message. */
const STREAMS: Readonly<Record<string, readonly [string, object, readonly object[], readonly object[]]>> = {
  'a piece of Command R without a text': [
    COMMAND_R,
    { message: 'Hi' },
    [
      { event_type: 'text-generation' },
      { event_type: 'text-generation', text: 'Noon' },
      { event_type: 'stream-end', response: { response_id: 'r' }, finish_reason: 'COMPLETE' },
    ],
    [text('Noon')],
  ],
  'a delta of Claude without members, and a tool that the service runs': [
    CLAUDE,
    { messages: ASKED },
    [
      { type: 'message_start', message: { id: 'm', role: 'assistant', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0 },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Noon' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'server_tool_use', id: 's1', name: 'search' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"q":"tide"}' } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ],
    [text('Noon'), { type: 'server_tool_use', id: 's1', name: 'search', input: { q: 'tide' } }],
  ],
  'a call of a tool in a chat without a function': [
    GPT,
    { messages: ASKED },
    [
      { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c1', type: 'mcp_call' }] } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    ],
    [{ type: 'tool_call', id: 'c1', name: '', arguments: {} }],
  ],
  'blocks of Nova without a value, with a whole input, and with sources only': [
    NOVA,
    { schemaVersion: 'messages-v1', messages: NOVA_ASKED },
    [
      { messageStart: { role: 'assistant' } },
      { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: null } } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: null, text: 7 } } },
      {
        contentBlockDelta: {
          contentBlockIndex: 1,
          delta: { toolUse: { toolUseId: 't', name: 'tide', input: { port: 'Oslo' } } },
        },
      },
      { contentBlockDelta: { contentBlockIndex: 2, delta: { citation: { title: 'Tides' } } } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 1, outputTokens: 2 } } },
    ],
    [
      { type: 'tool_call', id: 't', name: 'tide', arguments: { port: 'Oslo' } },
      text(''),
      { type: 'citations', content: [{ title: 'Tides' }] },
    ],
  ],
};

describe('rare members of bodies', () => {
  let answer: SimulatedResponse;
  let simulator: Simulator;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
    tracing = startTracing();
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await tracing.close();
    await simulator.close();
  });

  async function ask(modelId: string, body: object, response: object = {}): Promise<ReadableSpan> {
    answer = { body: response };
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return lastSpan();
  }

  async function stream(modelId: string, body: object, chunks: readonly object[]): Promise<ReadableSpan> {
    answer = { events: chunks.map((payload) => ({ type: 'chunk', payload })) };
    const command = new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) });
    await collect((await client.send(command)).body);
    return lastSpan();
  }

  function lastSpan(): ReadableSpan {
    const span = tracing.spans().at(-1)!;
    expect(messageViolations(span), 'against the published message schemas').to.deep.equal([]);
    expect(span.attributes['error.type']).to.equal(undefined);
    return span;
  }

  for (const [what, [modelId, body, messages, tools]] of Object.entries(REQUESTS)) {
    it(`of a request: ${what}`, async () => {
      const span = await ask(modelId, body);
      expect(json(span, 'gen_ai.input.messages')).to.deep.equal(messages);
      expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal(tools);
    });
  }

  for (const [what, [modelId, body, response, parts]] of Object.entries(ANSWERS)) {
    it(`of an answer: ${what}`, async () => {
      const [message] = json(await ask(modelId, body, response), 'gen_ai.output.messages') as [{ parts: unknown }];
      expect(message.parts).to.deep.equal(parts);
    });
  }

  it('of answers of guardrails and jobs: they are not counted if there is no list', async () => {
    answer = { body: {} };
    const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '1', source: 'INPUT' } as const;
    await client.send(new ApplyGuardrailCommand({ ...guardrail, content: [{ text: { text: 'Hi' } }] }));
    await client.send(new ListAsyncInvokesCommand({}));
    answer = { body: { results: { promptAttack: { results: [{}] } } } };
    await client.send(new InvokeGuardrailChecksCommand({ messages: [], checks: {} }));
    for (const { attributes } of tracing.spans().slice(-3)) {
      expect(Object.keys(attributes).filter((name) => /count|score/.test(name))).to.deep.equal([]);
    }
  });

  it('of a stream: bytes that are no text are base64, and text that is no JSON stays', async () => {
    const chunk = (bytes: string): object => ({ bytes: Buffer.from(bytes, 'latin1').toString('base64') });
    const span = await stream('nobody.unknown-v1:0', { anything: 'Hi' }, [chunk('\xff\xfe'), chunk('noon')]);
    expect(span.events.map(({ attributes }) => attributes?.['json'])).to.deep.equal(['"//4="', '"noon"']);
  });

  for (const [what, [modelId, body, chunks, parts]] of Object.entries(STREAMS)) {
    it(`of a stream: ${what}`, async () => {
      const [message] = json(await stream(modelId, body, chunks), 'gen_ai.output.messages') as [{ parts: unknown }];
      expect(message.parts).to.deep.equal(parts);
    });
  }
});
