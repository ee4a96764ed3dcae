/** Long streams in every dialect, with every kind of chunk that a fold can meet. */

import type { Operation } from '../../src/operations/common/operation.js';

/** Makes the chunk at a position of a stream. */
export type MakeChunk = (position: number) => object;

export interface LongStream {
  readonly name: string;
  /** Decides the dialect; undefined for ConverseStream, which has one dialect for all models. */
  readonly modelId: string | undefined;
  /** Default: that of the model's stream. */
  readonly operation?: Operation;
  readonly chunk: MakeChunk;
}

const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);
/** Of the same length at every position, so that twice as many chunks are twice as long. */
const digits = (position: number): number => 100_000 + position;
const word = (position: number): string => `w${digits(position)} `;
const fresh = (position: number): string => `member${digits(position)}`;

/** Members of Converse's deltas and starts, also in Nova's own stream. */
function converseChunks(media: () => unknown): Record<string, MakeChunk> {
  const delta = (index: number, members: object): object => ({
    contentBlockDelta: { contentBlockIndex: index, delta: members },
  });
  const start = (index: number, members: object): object => ({
    contentBlockStart: { contentBlockIndex: index, start: members },
  });
  const stop = (index: number): object => ({ contentBlockStop: { contentBlockIndex: index } });
  return {
    text: (i) => delta(0, { text: word(i) }),
    'text, each piece in a block': (i) => delta(i, { text: word(i) }),
    'text, blocks in descending order': (i) => delta(1e6 - i, { text: word(i) }),
    reasoning: (i) => delta(0, { reasoningContent: i % 2 ? { text: word(i) } : { signature: word(i) } }),
    'redacted reasoning': () => delta(0, { reasoningContent: { redactedContent: media() } }),
    image: () => delta(0, { image: { source: { bytes: media() } } }),
    'images, each started': (i) =>
      i % 2 ? delta(0, { image: { source: { bytes: media() } } }) : start(0, { image: { format: 'png' } }),
    'tool input': (i) => delta(0, { toolUse: { input: word(i) } }),
    'tool calls': (i) => start(i, { toolUse: { toolUseId: `t${i}`, name: 'tide' } }),
    'tool calls under one index': (i) =>
      i % 2 ? delta(0, { toolUse: { input: '{}' } }) : start(0, { toolUse: { toolUseId: `t${i}`, name: 'tide' } }),
    'blocks that start and stop under one index': (i) =>
      [start(0, { image: { format: 'png' } }), delta(0, { text: word(i) }), stop(0)][i % 3] as object,
    'tool results': (i) => delta(0, { toolResult: [{ text: word(i) }, { json: { i: digits(i) } }] }),
    citations: (i) => delta(0, { citation: { title: word(i) } }),
    'cited texts': (i) => delta(i, i % 2 ? { citation: { title: word(i) } } : { text: word(i) }),
    'unknown member': (i) => delta(0, { poem: word(i) }),
    'unknown members': (i) => delta(0, { [fresh(i)]: word(i) }),
    'unknown members in a member': (i) => delta(0, { poem: { [fresh(i)]: { [fresh(i)]: [word(i)] } } }),
    'unknown members of a tool call': (i) => delta(0, { toolUse: { [fresh(i)]: word(i) } }),
    'unknown members of reasoning': (i) => delta(0, { reasoningContent: { [fresh(i)]: word(i) } }),
    'unknown bytes': () => delta(0, { poem: { cover: media() } }),
    'unknown items': (i) =>
      delta(0, {
        poem: {
          lines: [
            { index: i, text: word(i) },
            { index: 0, text: word(i) },
          ],
        },
      }),
    'unknown events': (i) => ({ [fresh(i)]: { text: word(i) } }),
    'unknown event': (i) => ({ poem: { text: word(i), [fresh(i)]: i } }),
    'wrapped members': (i) => delta(0, { $unknown: [fresh(i), { text: word(i) }] }),
    metadata: (i) => ({ metadata: { usage: { inputTokens: i }, [fresh(i)]: i } }),
    stops: (i) => ({ messageStop: { stopReason: 'end_turn', [fresh(i)]: i } }),
  };
}

const choice = (members: object): object => ({ choices: [{ index: 0, ...members }] });
const chat = (members: object): object => choice({ delta: members });
const call = (members: object): object => chat({ tool_calls: [members] });

const OPENAI_CHAT: Record<string, MakeChunk> = {
  text: (i) => chat({ content: word(i) }),
  'text items': (i) =>
    chat({
      content: [
        { type: 'text', text: word(i) },
        { type: 'text', text: word(i) },
      ],
    }),
  thinking: (i) => chat({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: word(i) }] }] }),
  'thinking of other items': (i) =>
    chat({ content: [{ type: 'thinking', thinking: [{ type: 'sketch', [fresh(i)]: i }] }] }),
  'thinking with further members': (i) =>
    chat({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }], [fresh(i)]: i }] }),
  'thinking and text in turns': (i) =>
    chat({ content: i % 2 ? word(i) : [{ type: 'thinking', thinking: [{ type: 'text', text: word(i) }] }] }),
  'thinking as text': (i) => chat({ content: [{ type: 'thinking', thinking: word(i) }] }),
  images: (i) => chat({ content: [{ type: 'image_url', image_url: { url: word(i) } }] }),
  reasoning: (i) =>
    chat({
      reasoning_content: word(i),
      reasoning_details: [
        { index: 0, text: word(i) },
        { index: i, text: '' },
      ],
    }),
  refusal: (i) => chat({ refusal: word(i) }),
  'tool input': () => call({ index: 0, function: { arguments: '{}' } }),
  'tool calls': (i) => call({ index: i, id: `t${i}`, function: { name: 'tide', arguments: '{}' } }),
  'tool calls under one index': (i) => call({ index: 0, id: `t${i}`, function: { name: 'tide', arguments: '{}' } }),
  'tool calls without an index': (i) => call({ id: `t${i}`, function: { name: 'tide', arguments: '{}' } }),
  'tool calls with fresh ids': (i) => call({ index: 0, id: `t${i}`, function: { arguments: '{}' } }),
  'custom tool calls': (i) => call({ index: i, id: `t${i}`, custom: { name: 'tide', input: 'x' }, [fresh(i)]: i }),
  'tool calls with unknown members': (i) => call({ index: 0, function: { [fresh(i)]: word(i) }, [fresh(i)]: word(i) }),
  choices: (i) => ({ choices: [{ index: i, delta: { content: word(i) } }] }),
  'choices that finish': (i) => ({
    choices: [{ index: i, delta: { content: word(i) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1 },
  }),
  'unknown member': (i) => chat({ poem: word(i) }),
  'unknown members': (i) => chat({ [fresh(i)]: word(i) }),
  'unknown members of choices': (i) =>
    choice({ delta: {}, [fresh(i)]: word(i), logprobs: { content: [{ token: word(i) }] } }),
  'unknown members of chunks': (i) => ({ ...choice({ delta: {} }), [fresh(i)]: word(i) }),
  usage: (i) => ({ ...chat({ content: 'a' }), usage: { prompt_tokens: 3, completion_tokens: i, [fresh(i)]: i } }),
};

const block = (index: number, content: object): object => ({
  type: 'content_block_start',
  index,
  content_block: content,
});
const piece = (index: number, type: string, members: object): object => ({
  type: 'content_block_delta',
  index,
  delta: { type: `${type}_delta`, ...members },
});

const ANTHROPIC: Record<string, MakeChunk> = {
  text: (i) => piece(0, 'text', { text: word(i) }),
  thinking: (i) => piece(0, 'thinking', { thinking: word(i) }),
  signature: (i) => piece(0, 'signature', { signature: word(i) }),
  redacted: (i) => block(i, { type: 'redacted_thinking', data: 'AAAA' }),
  'tool input': (i) => piece(0, 'input_json', { partial_json: word(i) }),
  citations: (i) => piece(0, 'citations', { citation: { title: word(i) } }),
  blocks: (i) => block(i, { type: 'text', text: word(i) }),
  'blocks under one index': (i) => block(0, { type: 'tool_use', id: `t${i}`, name: 'tide' }),
  'blocks under one index, and a piece for the first one': (i) =>
    i % 2 ? block(0, { type: 'tool_use', id: `t${i}` }) : piece(0, 'thinking', { thinking: word(i) }),
  'blocks without a type': (i) => (i % 2 ? block(0, {}) : piece(0, 'text', { text: word(i) })),
  'unknown blocks under one index': (i) => (i % 2 ? block(0, { type: 'chart' }) : piece(0, 'chart', { [fresh(i)]: i })),
  'unknown member': (i) => piece(0, 'chart', { rows: [digits(i)], caption: word(i) }),
  'unknown members': (i) => piece(0, 'chart', { [fresh(i)]: word(i) }),
  'unknown kinds of pieces': (i) => piece(0, `chart${i}`, { caption: word(i) }),
  'unknown events': (i) => ({ type: `weather${i}`, warning: word(i) }),
  'unknown event': (i) => ({ type: 'weather', warning: word(i), [fresh(i)]: i }),
  'beside a piece': (i) => ({ ...piece(0, 'text', { text: 'a' }), [fresh(i)]: i }),
  closing: (i) => ({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', [fresh(i)]: i },
    usage: { output_tokens: i, [fresh(i)]: i },
  }),
  starts: (i) => ({ type: 'message_start', message: { id: 'm', usage: { input_tokens: i }, [fresh(i)]: i } }),
};

const COMMAND_R: Record<string, MakeChunk> = {
  text: (i) => ({ event_type: 'text-generation', text: word(i) }),
  citations: (i) => ({ event_type: 'citation-generation', citations: [{ start: i, text: word(i) }] }),
  'tool calls': (i) => ({
    event_type: 'tool-calls-chunk',
    tool_call_delta: { index: i, name: 'tide', parameters: '{}' },
  }),
  'tool input': (i) => ({ event_type: 'tool-calls-chunk', tool_call_delta: { index: 0, parameters: word(i) } }),
  'whole tool calls': (i) => ({
    event_type: 'tool-calls-generation',
    tool_calls: [{ name: `tide${i}`, parameters: {} }],
  }),
  'unknown event': (i) => ({ event_type: 'weather', warning: word(i) }),
  'unknown members': (i) => ({ event_type: 'weather', [fresh(i)]: { [fresh(i)]: word(i) } }),
  ends: (i) => ({ event_type: 'stream-end', finish_reason: 'COMPLETE', response: { response_id: 'r', [fresh(i)]: i } }),
};

const COMMAND: Record<string, MakeChunk> = {
  text: (i) => ({ index: 0, text: word(i) }),
  generations: (i) => ({ index: i, text: word(i), finish_reason: 'COMPLETE' }),
  'generations with unknown members': (i) => ({ index: 0, text: word(i), [fresh(i)]: word(i) }),
  'whole answers': (i) => ({ generations: [{ text: word(i), [fresh(i)]: word(i) }] }),
};

/** Chunks that each add a piece to the text of an answer. */
function textChunks(chunk: (text: string) => object): Record<string, MakeChunk> {
  return {
    text: (i) => chunk(word(i)),
    'unknown member': (i) => ({ ...chunk(word(i)), sources: [digits(i)] }),
    'unknown members': (i) => ({ ...chunk(word(i)), [fresh(i)]: { [fresh(i)]: word(i) } }),
    'members of the service': (i) => ({
      ...chunk(word(i)),
      'amazon-bedrock-guardrailAction': 'NONE',
      'amazon-bedrock-trace': { guardrail: { [fresh(i)]: {} } },
      'amazon-bedrock-invocationMetrics': { inputTokenCount: digits(i) },
    }),
    errors: (i) => ({ ...chunk(word(i)), error: { message: word(i) } }),
  };
}

const DIALECTS: readonly (readonly [string, string | undefined, Record<string, MakeChunk>])[] = [
  ['converse', undefined, converseChunks(() => bytes(40))],
  ['nova', 'amazon.nova-lite-v1:0', converseChunks(() => 'AAAA')],
  ['openai-chat', 'qwen.qwen3-32b-v1:0', OPENAI_CHAT],
  ['anthropic-messages', 'anthropic.claude-3-haiku-20240307-v1:0', ANTHROPIC],
  ['cohere-command-r', 'cohere.command-r-v1:0', COMMAND_R],
  ['cohere-command', 'cohere.command-text-v14', COMMAND],
  ['anthropic-text', 'anthropic.claude-v2:1', textChunks((completion) => ({ completion }))],
  ['llama', 'meta.llama3-8b-instruct-v1:0', textChunks((generation) => ({ generation }))],
  ['titan-text', 'amazon.titan-text-express-v1', textChunks((outputText) => ({ outputText }))],
  ['twelvelabs-pegasus', 'twelvelabs.pegasus-1-2-v1:0', textChunks((message) => ({ message }))],
  [
    'mistral-text',
    'mistral.mistral-7b-instruct-v0:2',
    {
      ...textChunks((text) => ({ outputs: [{ text }] })),
      'unknown members of outputs': (i) => ({ outputs: [{ text: word(i), [fresh(i)]: word(i) }] }),
    },
  ],
  [
    'openai-completions',
    'us.deepseek.r1-v1:0',
    {
      ...textChunks((text) => ({ choices: [{ index: 0, text }] })),
      choices: (i) => ({ choices: [{ index: i, text: word(i) }] }),
      'choices that finish': (i) => ({ choices: [{ index: i, text: word(i), finish_reason: 'stop' }] }),
      'unknown members of choices': (i) => ({ choices: [{ index: 0, text: word(i), [fresh(i)]: word(i) }] }),
    },
  ],
  ['unknown', 'vendor.new-model-v1:0', textChunks((text) => ({ piece: text }))],
];

/** Every kind of chunk in a stream of its own, and one stream for each dialect that has all kinds in turn. */
export const STREAMS: readonly LongStream[] = DIALECTS.flatMap(([dialect, modelId, kinds]) => {
  const makers = Object.values(kinds);
  const all: MakeChunk = (i) => (makers[i % makers.length] as MakeChunk)(i);
  return Object.entries({ ...kinds, 'all kinds in turn': all }).map(([kind, chunk]) => ({
    name: `${dialect}: ${kind}`,
    modelId,
    chunk,
  }));
});
