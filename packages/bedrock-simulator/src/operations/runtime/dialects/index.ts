import { arrayOf, isObject, type JsonObject, objectOf } from '../../../json.js';
import { ai21J2 } from './ai21-j2.js';
import { amazonImage } from './amazon-image.js';
import { anthropic } from './anthropic.js';
import { anthropicText } from './anthropic-text.js';
import { cohereCommand } from './cohere-command.js';
import { cohereCommandR } from './cohere-command-r.js';
import { cohereEmbed } from './cohere-embed.js';
import { cohereRerank } from './cohere-rerank.js';
import type { Dialect } from './dialect.js';
import { jamba } from './jamba.js';
import { llama } from './llama.js';
import { mistralText } from './mistral-text.js';
import { nova } from './nova.js';
import { novaEmbed } from './nova-embed.js';
import { mistralChat, openaiChat } from './openai-chat.js';
import { deepSeek, openaiCompletions } from './openai-completions.js';
import { stability } from './stability.js';
import { titanEmbed } from './titan-embed.js';
import { titanText } from './titan-text.js';
import { twelveLabsEmbed } from './twelvelabs-embed.js';
import { twelveLabsPegasus } from './twelvelabs-pegasus.js';

interface Family {
  readonly name: string;
  /** Matches any part of the model id, because profiles add a region. Absent for models that only have an ARN. */
  readonly model?: RegExp;
  /** True for a request body in this dialect; used if the id is an ARN and so hides the family. */
  readonly shape: (body: JsonObject) => boolean;
  readonly dialect: Dialect;
}

/**
 * Bodies are tried in this order, so dialects with few distinctive members come last. A family with several dialects
 * has a row for each; the last of them also takes the bodies that fit none.
 */
const FAMILIES: readonly Family[] = [
  { name: 'Anthropic text', model: /anthropic\.claude/, shape: has('max_tokens_to_sample'), dialect: anthropicText },
  { name: 'Anthropic Messages', model: /anthropic\.claude/, shape: has('anthropic_version'), dialect: anthropic },
  {
    name: 'Amazon Nova Embeddings',
    model: /amazon\.nova-.*embed/,
    shape: has('singleEmbeddingParams'),
    dialect: novaEmbed,
  },
  {
    name: 'Amazon Titan Image and Nova Canvas',
    model: /amazon\.(titan-image|nova-canvas)/,
    shape: has('taskType'),
    dialect: amazonImage,
  },
  { name: 'Amazon Nova', model: /amazon\.nova-(?!canvas|reel|sonic|.*embed)/, shape: isNovaBody, dialect: nova },
  { name: 'TwelveLabs Marengo', model: /twelvelabs\.marengo/, shape: has('inputType'), dialect: twelveLabsEmbed },
  { name: 'TwelveLabs Pegasus', model: /twelvelabs\.pegasus/, shape: has('inputPrompt'), dialect: twelveLabsPegasus },
  {
    name: 'Amazon Titan Embeddings',
    model: /amazon\.titan-embed-(g1-)?text/,
    shape: (body) => 'inputText' in body && isEmbeddingBody(body),
    dialect: titanEmbed,
  },
  { name: 'Amazon Titan Text', model: /amazon\.titan-(text|tg1)/, shape: has('inputText'), dialect: titanText },
  { name: 'Meta Llama', model: /meta\.llama/, shape: has('prompt', 'max_gen_len'), dialect: llama },
  { name: 'Cohere Embed', model: /cohere\.embed/, shape: has('input_type'), dialect: cohereEmbed },
  {
    name: 'Cohere and Amazon Rerank',
    model: /(cohere|amazon)\.rerank/,
    shape: has('query', 'documents'),
    dialect: cohereRerank,
  },
  { name: 'Cohere Command R', model: /cohere\.command-r/, shape: has('message'), dialect: cohereCommandR },
  {
    name: 'Cohere Command',
    model: /cohere\.command-(text|light)/,
    shape: (body) => 'prompt' in body && ('p' in body || 'num_generations' in body),
    dialect: cohereCommand,
  },
  { name: 'AI21 Jurassic-2', model: /ai21\.j2/, shape: has('prompt', 'maxTokens'), dialect: ai21J2 },
  { name: 'Stability', model: /stability\./, shape: has('text_prompts'), dialect: stability },
  {
    name: 'OpenAI chat (gpt-oss, Qwen, Writer, DeepSeek V3 and others)',
    model: /(openai|qwen|writer|deepseek|moonshot|moonshotai|minimax|zai|nvidia|google)\./,
    shape: has('messages'),
    dialect: openaiChat,
  },
  { name: 'AI21 Jamba', model: /ai21\.jamba/, shape: has('messages'), dialect: jamba },
  { name: 'Mistral chat', model: /mistral\./, shape: has('messages'), dialect: mistralChat },
  { name: 'imported models', shape: has('prompt'), dialect: openaiCompletions },
  { name: 'DeepSeek R1', model: /deepseek\./, shape: has('prompt'), dialect: deepSeek },
  { name: 'Mistral text', model: /mistral\./, shape: has('prompt'), dialect: mistralText },
];

/** Names of the families, for an error message. */
export const SCRIPTED_FAMILIES = FAMILIES.map(({ name }) => name).join(', ');

/** Finds the dialect of a request to InvokeModel by model id, or by the body if the id leaves several. */
export function findDialect(modelId: string, body: JsonObject): Dialect | undefined {
  const family = FAMILIES.filter(({ model }) => model?.test(modelId));
  if (family.length > 0) return (family.find(({ shape }) => shape(body)) ?? family.at(-1))?.dialect;
  return modelId.startsWith('arn:') ? FAMILIES.find(({ shape }) => shape(body))?.dialect : undefined;
}

function has(...members: readonly string[]): Family['shape'] {
  return (body) => members.every((member) => member in body);
}

function isNovaBody(body: JsonObject): boolean {
  const [message] = arrayOf(body['messages']).map(objectOf);
  const [block] = arrayOf(message?.['content']).map(objectOf);
  return (
    'schemaVersion' in body ||
    isObject(body['inferenceConfig']) ||
    (block !== undefined && 'text' in block && !('type' in block))
  );
}

function isEmbeddingBody(body: JsonObject): boolean {
  return 'dimensions' in body || 'normalize' in body || 'embeddingTypes' in body;
}
