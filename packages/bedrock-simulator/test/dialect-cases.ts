import { type Json, userMessage } from './support.js';

export const QUESTION = 'What is the capital of France?';
export const ANSWER = 'The capital of France is Paris. (Scripted by the local Bedrock simulator; no model ran.)';
export const INPUT_TOKENS = 8;
export const OUTPUT_TOKENS = 24;

/** A family that answers with text, and functions that read its bodies. */
export interface DialectCase {
  readonly name: string;
  readonly modelId: string;
  request(text: string, maxTokens?: number): Json;
  text(body: Json): unknown;
  chunkText(chunk: Json): unknown;
  finish(body: Json): unknown;
  chunkFinish(chunk: Json): unknown;
  readonly finishReasons: { readonly end: string; readonly length: string };
  /** Returns input and output tokens; absent if the body has none. */
  readonly usage?: (body: Json) => readonly unknown[];
  readonly hasStream?: false;
  readonly hasCacheHeaders?: true;
  /** False if the body looks like another dialect's, which the simulator then uses for an ARN. */
  readonly hasOwnShape?: false;
}

/** Reads a member by path without declaring each wire type. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);
}

export const DIALECTS: readonly DialectCase[] = [
  {
    name: 'Anthropic Messages',
    hasCacheHeaders: true,
    modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    request: (text, maxTokens = 200) => ({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: maxTokens,
      messages: [{ role: 'user', content: text }],
    }),
    text: (body) => at(body, 'content', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'delta', 'text'),
    finish: (body) => body['stop_reason'],
    chunkFinish: (chunk) => at(chunk, 'delta', 'stop_reason'),
    finishReasons: { end: 'end_turn', length: 'max_tokens' },
    usage: (body) => [at(body, 'usage', 'input_tokens'), at(body, 'usage', 'output_tokens')],
  },
  {
    name: 'Amazon Nova',
    hasCacheHeaders: true,
    modelId: 'amazon.nova-lite-v1:0',
    request: (text, maxTokens = 200) => ({
      schemaVersion: 'messages-v1',
      messages: [userMessage(text)],
      inferenceConfig: { max_new_tokens: maxTokens },
    }),
    text: (body) => at(body, 'output', 'message', 'content', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'contentBlockDelta', 'delta', 'text'),
    finish: (body) => body['stopReason'],
    chunkFinish: (chunk) => at(chunk, 'messageStop', 'stopReason'),
    finishReasons: { end: 'end_turn', length: 'max_tokens' },
    usage: (body) => [at(body, 'usage', 'inputTokens'), at(body, 'usage', 'outputTokens')],
  },
  {
    name: 'Amazon Titan Text',
    modelId: 'amazon.titan-text-express-v1',
    request: (text, maxTokens = 200) => ({ inputText: text, textGenerationConfig: { maxTokenCount: maxTokens } }),
    text: (body) => at(body, 'results', 0, 'outputText'),
    chunkText: (chunk) => chunk['outputText'],
    finish: (body) => at(body, 'results', 0, 'completionReason'),
    chunkFinish: (chunk) => chunk['completionReason'],
    finishReasons: { end: 'FINISH', length: 'LENGTH' },
    usage: (body) => [body['inputTextTokenCount'], at(body, 'results', 0, 'tokenCount')],
  },
  {
    name: 'Meta Llama',
    modelId: 'meta.llama3-8b-instruct-v1:0',
    request: (text, maxTokens = 200) => ({ prompt: text, max_gen_len: maxTokens }),
    text: (body) => body['generation'],
    chunkText: (chunk) => chunk['generation'],
    finish: (body) => body['stop_reason'],
    chunkFinish: (chunk) => chunk['stop_reason'],
    finishReasons: { end: 'stop', length: 'length' },
    usage: (body) => [body['prompt_token_count'], body['generation_token_count']],
  },
  openAiChat('AI21 Jamba', 'ai21.jamba-1-5-mini-v1:0', 'finish_reason'),
  openAiChat('gpt-oss', 'openai.gpt-oss-20b-1:0', 'finish_reason'),
  openAiChat('Qwen', 'qwen.qwen3-32b-v1:0', 'finish_reason'),
  openAiChat('Writer', 'us.writer.palmyra-x5-v1:0', 'finish_reason'),
  openAiChat('DeepSeek V3', 'deepseek.v3-v1:0', 'finish_reason'),
  openAiChat('Mistral chat', 'mistral.mistral-large-2407-v1:0', 'stop_reason'),
  {
    name: 'Anthropic text',
    modelId: 'anthropic.claude-v2:1',
    request: (text, maxTokens = 200) => ({ prompt: text, max_tokens_to_sample: maxTokens }),
    text: (body) => body['completion'],
    chunkText: (chunk) => chunk['completion'],
    finish: (body) => body['stop_reason'],
    chunkFinish: (chunk) => chunk['stop_reason'],
    finishReasons: { end: 'stop_sequence', length: 'max_tokens' },
  },
  {
    name: 'Mistral text',
    modelId: 'mistral.mistral-7b-instruct-v0:2',
    request: (text, maxTokens = 200) => ({ prompt: text, max_tokens: maxTokens }),
    text: (body) => at(body, 'outputs', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'outputs', 0, 'text'),
    finish: (body) => at(body, 'outputs', 0, 'stop_reason'),
    chunkFinish: (chunk) => at(chunk, 'outputs', 0, 'stop_reason'),
    finishReasons: { end: 'stop', length: 'length' },
    hasOwnShape: false,
  },
  {
    name: 'DeepSeek R1',
    modelId: 'us.deepseek.r1-v1:0',
    request: (text, maxTokens = 200) => ({ prompt: text, max_tokens: maxTokens }),
    text: (body) => at(body, 'choices', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'choices', 0, 'text'),
    finish: (body) => at(body, 'choices', 0, 'stop_reason'),
    chunkFinish: (chunk) => at(chunk, 'choices', 0, 'stop_reason'),
    finishReasons: { end: 'stop', length: 'length' },
    hasOwnShape: false,
  },
  {
    name: 'imported models',
    modelId: 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefgh1234',
    request: (text, maxTokens = 200) => ({ prompt: text, max_tokens: maxTokens }),
    text: (body) => at(body, 'choices', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'choices', 0, 'text'),
    finish: (body) => at(body, 'choices', 0, 'finish_reason'),
    chunkFinish: (chunk) => at(chunk, 'choices', 0, 'finish_reason'),
    finishReasons: { end: 'stop', length: 'length' },
    usage: (body) => [at(body, 'usage', 'prompt_tokens'), at(body, 'usage', 'completion_tokens')],
  },
  {
    name: 'Cohere Command',
    modelId: 'cohere.command-text-v14',
    request: (text, maxTokens = 200) => ({ prompt: text, max_tokens: maxTokens, p: 0.5, stream: true }),
    text: (body) => at(body, 'generations', 0, 'text'),
    chunkText: (chunk) => chunk['text'],
    finish: (body) => at(body, 'generations', 0, 'finish_reason'),
    chunkFinish: (chunk) => chunk['finish_reason'],
    finishReasons: { end: 'COMPLETE', length: 'MAX_TOKENS' },
  },
  {
    name: 'Cohere Command R',
    modelId: 'cohere.command-r-v1:0',
    request: (text, maxTokens = 200) => ({ message: text, max_tokens: maxTokens }),
    text: (body) => body['text'],
    chunkText: (chunk) => chunk['text'],
    finish: (body) => body['finish_reason'],
    chunkFinish: (chunk) => chunk['finish_reason'],
    finishReasons: { end: 'COMPLETE', length: 'MAX_TOKENS' },
  },
  {
    name: 'TwelveLabs Pegasus',
    modelId: 'us.twelvelabs.pegasus-1-2-v1:0',
    request: (text, maxTokens = 200) => ({ inputPrompt: text, maxOutputTokens: maxTokens }),
    text: (body) => body['message'],
    chunkText: (chunk) => chunk['message'],
    finish: (body) => body['finishReason'],
    chunkFinish: (chunk) => chunk['stopReason'] || undefined,
    finishReasons: { end: 'stop', length: 'length' },
  },
  {
    name: 'AI21 Jurassic-2',
    modelId: 'ai21.j2-mid-v1',
    request: (text, maxTokens = 200) => ({ prompt: text, maxTokens }),
    text: (body) => at(body, 'completions', 0, 'data', 'text'),
    chunkText: () => undefined,
    finish: (body) => at(body, 'completions', 0, 'finishReason', 'reason'),
    chunkFinish: () => undefined,
    finishReasons: { end: 'endoftext', length: 'length' },
    hasStream: false,
  },
];

function openAiChat(name: string, modelId: string, reason: string): DialectCase {
  return {
    name,
    modelId,
    request: (text, maxTokens = 200) => ({ messages: [{ role: 'user', content: text }], max_tokens: maxTokens }),
    text: (body) => at(body, 'choices', 0, 'message', 'content'),
    chunkText: (chunk) => at(chunk, 'choices', 0, 'delta', 'content'),
    finish: (body) => at(body, 'choices', 0, reason),
    chunkFinish: (chunk) => at(chunk, 'choices', 0, reason),
    finishReasons: { end: 'stop', length: 'length' },
    usage: (body) => [at(body, 'usage', 'prompt_tokens'), at(body, 'usage', 'completion_tokens')],
  };
}
