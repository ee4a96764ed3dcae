/** The calls behind the golden traces: what the application asks, and what the service answers. All of it is invented. */

import type { Exchange, StreamEvent } from 'bedrock-simulator';

export interface GoldenCall {
  readonly operation: 'Converse' | 'ConverseStream' | 'InvokeModel' | 'InvokeModelWithResponseStream';
  /** Members of the request. Bytes are `{ base64 }`. */
  readonly input: { readonly modelId: string; readonly [member: string]: unknown };
  readonly answer: { readonly body: unknown } | { readonly events: readonly StreamEvent[] } | ServiceError;
}

interface ServiceError {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const QUESTION = [{ role: 'user', content: [{ text: 'Hello, what is 2+2?' }] }];
const TOOLS = {
  tools: [
    {
      toolSpec: {
        name: 'get_weather',
        description: 'Get weather',
        inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
      },
    },
  ],
  toolChoice: { auto: {} },
};
const TOOL_USE = { toolUse: { toolUseId: 'tu_1', name: 'get_weather', input: { city: 'Paris' } } };
const HI =
  '{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}';

const THROTTLED: ServiceError = {
  status: 429,
  error: 'ThrottlingException',
  message: 'Too many requests, please wait before trying again.',
};
const DENIED: ServiceError = {
  status: 403,
  error: 'AccessDeniedException',
  message: "You don't have access to the model with the specified model ID.",
};

/** The calls of each golden trace, by its name. */
export const GOLDEN_CALLS: Readonly<Record<string, readonly GoldenCall[]>> = {
  // Two calls of one agent, in a session, for a user, in a run.
  agent_two_converse_session_run: [asked('q'), asked('q')],
  converse: [
    {
      operation: 'Converse',
      input: {
        modelId: CLAUDE,
        messages: QUESTION,
        system: [{ text: 'You are terse.' }],
        inferenceConfig: { maxTokens: 100, temperature: 0.1 },
      },
      answer: answered([{ text: '4' }]),
    },
  ],
  converse_cache: [
    {
      operation: 'Converse',
      input: { modelId: `us.${CLAUDE}`, messages: QUESTION },
      answer: answered([{ text: '4' }], 'end_turn', {
        inputTokens: 12,
        outputTokens: 5,
        totalTokens: 157,
        cacheReadInputTokens: 100,
        cacheWriteInputTokens: 40,
      }),
    },
  ],
  converse_error: [{ operation: 'Converse', input: { modelId: CLAUDE, messages: QUESTION }, answer: THROTTLED }],
  converse_image_document: [
    {
      operation: 'Converse',
      input: {
        modelId: CLAUDE,
        messages: [
          {
            role: 'user',
            content: [
              { text: 'what is it?' },
              { image: { format: 'png', source: { bytes: { base64: 'iVBORw0KGgowMDAw' } } } },
              { document: { format: 'pdf', name: 'd', source: { bytes: { base64: 'JVBERi0x' } } } },
            ],
          },
        ],
      },
      answer: answered([{ text: '4' }]),
    },
  ],
  converse_multi_turn: [
    {
      operation: 'Converse',
      input: {
        modelId: CLAUDE,
        messages: [
          { role: 'user', content: [{ text: 'Weather in Paris?' }] },
          { role: 'assistant', content: [{ text: 'Let me check.' }, TOOL_USE] },
          {
            role: 'user',
            content: [{ toolResult: { toolUseId: 'tu_1', content: [{ json: { temp: 21 } }], status: 'success' } }],
          },
        ],
        toolConfig: TOOLS,
      },
      answer: answered([{ text: '4' }]),
    },
  ],
  converse_stream: [
    {
      operation: 'ConverseStream',
      input: { modelId: CLAUDE, messages: QUESTION },
      answer: {
        events: [
          event('messageStart', { role: 'assistant' }),
          event('contentBlockDelta', { delta: { text: 'Hel' }, contentBlockIndex: 0 }),
          event('contentBlockDelta', { delta: { text: 'lo é' }, contentBlockIndex: 0 }),
          event('contentBlockStop', { contentBlockIndex: 0 }),
          event('messageStop', { stopReason: 'end_turn' }),
          event('metadata', {
            usage: {
              inputTokens: 10,
              outputTokens: 4,
              totalTokens: 14,
              cacheReadInputTokens: 3,
              cacheWriteInputTokens: 0,
            },
            metrics: { latencyMs: 551 },
          }),
        ],
      },
    },
  ],
  converse_stream_tool_use: [
    {
      operation: 'ConverseStream',
      input: { modelId: CLAUDE, messages: QUESTION, toolConfig: TOOLS },
      answer: {
        events: [
          event('messageStart', { role: 'assistant' }),
          event('contentBlockDelta', { delta: { text: 'Checking' }, contentBlockIndex: 0 }),
          event('contentBlockStop', { contentBlockIndex: 0 }),
          event('contentBlockStart', {
            start: { toolUse: { toolUseId: 'tu_9', name: 'get_weather' } },
            contentBlockIndex: 1,
          }),
          event('contentBlockDelta', { delta: { toolUse: { input: '{"city":' } }, contentBlockIndex: 1 }),
          event('contentBlockDelta', { delta: { toolUse: { input: '"Paris"}' } }, contentBlockIndex: 1 }),
          event('contentBlockStop', { contentBlockIndex: 1 }),
          event('messageStop', { stopReason: 'tool_use' }),
          event('metadata', {
            usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 },
            metrics: { latencyMs: 551 },
          }),
        ],
      },
    },
  ],
  converse_tool_use: [
    {
      operation: 'Converse',
      input: {
        modelId: CLAUDE,
        messages: [{ role: 'user', content: [{ text: 'Weather in Paris?' }] }],
        toolConfig: TOOLS,
      },
      answer: answered([{ text: 'Let me check.' }, TOOL_USE], 'tool_use'),
    },
  ],
  invoke_model_anthropic: [
    {
      operation: 'InvokeModel',
      input: { modelId: CLAUDE, body: HI },
      answer: {
        body: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-3-5-sonnet-20241022',
          content: [{ type: 'text', text: 'Hello!' }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: {
            input_tokens: 9,
            output_tokens: 6,
            cache_read_input_tokens: 0,
            cache_creation_input_tokens: 2,
          },
        },
      },
    },
  ],
  invoke_model_embedding: [
    {
      operation: 'InvokeModel',
      input: {
        modelId: 'amazon.titan-embed-text-v2:0',
        body: { base64: Buffer.from('{"inputText": "hi"}').toString('base64') },
      },
      answer: { body: { embedding: [0.1, 0.2], inputTextTokenCount: 3 } },
    },
  ],
  invoke_model_error: [{ operation: 'InvokeModel', input: { modelId: CLAUDE, body: HI }, answer: DENIED }],
  invoke_model_llama: [
    {
      operation: 'InvokeModel',
      input: { modelId: 'meta.llama3-8b-instruct-v1:0', body: '{"prompt": "hi"}' },
      answer: { body: { generation: 'yo', prompt_token_count: 5, generation_token_count: 2, stop_reason: 'stop' } },
    },
  ],
  invoke_model_with_response_stream: [
    {
      operation: 'InvokeModelWithResponseStream',
      input: { modelId: CLAUDE, body: HI },
      answer: {
        events: [
          chunk({
            type: 'message_start',
            message: {
              id: 'm',
              type: 'message',
              role: 'assistant',
              model: 'claude',
              content: [],
              usage: { input_tokens: 8, output_tokens: 1 },
            },
          }),
          chunk({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
          chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } }),
          chunk({ type: 'content_block_stop', index: 0 }),
          chunk({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } }),
          chunk({
            type: 'message_stop',
            'amazon-bedrock-invocationMetrics': {
              inputTokenCount: 8,
              outputTokenCount: 7,
              invocationLatency: 500,
              firstByteLatency: 200,
            },
          }),
        ],
      },
    },
  ],
};

/** The exchange that answers the call at the simulator. */
export function exchangeOf(id: string, { operation, input: { modelId }, answer }: GoldenCall): Exchange {
  const base = { id, operation, modelId };
  // Otherwise the simulator makes a request id up, and the traces would differ each time.
  const headers = { 'x-amzn-requestid': 'rid-123' };
  if ('events' in answer) return { ...base, response: { headers }, responseEvents: answer.events };
  if ('body' in answer) return { ...base, response: { headers, body: answer.body } };
  const { status, error, message } = answer;
  return { ...base, response: { status, headers: { ...headers, 'x-amzn-errortype': error }, body: { message } } };
}

function asked(text: string): GoldenCall {
  const messages = [{ role: 'user', content: [{ text }] }];
  return { operation: 'Converse', input: { modelId: CLAUDE, messages }, answer: answered([{ text: '4' }]) };
}

function answered(
  content: readonly unknown[],
  stopReason = 'end_turn',
  usage: object = { inputTokens: 12, outputTokens: 5, totalTokens: 17 },
): { readonly body: unknown } {
  const output = { message: { role: 'assistant', content } };
  return { body: { output, stopReason, usage, metrics: { latencyMs: 321 } } };
}

function event(type: string, payload: unknown): StreamEvent {
  return { type, payload };
}

function chunk(payload: unknown): StreamEvent {
  return event('chunk', payload);
}
