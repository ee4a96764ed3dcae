import { arrayOf, isObject, type JsonObject, objectOf } from '../json.js';
import { anthropic } from './anthropic.js';
import type { Dialect } from './dialect.js';
import { llama } from './llama.js';
import { nova } from './nova.js';
import { openaiChat } from './openai-chat.js';
import { titanEmbed } from './titan-embed.js';
import { titanText } from './titan-text.js';

interface Family {
  /** Found anywhere in the model id, so regional profiles count too. */
  readonly model: RegExp;
  /** Whether a request body is written in this dialect: decides when the id (an ARN) hides the family. */
  readonly shape: (body: JsonObject) => boolean;
  readonly dialect: Dialect;
}

const FAMILIES: readonly Family[] = [
  { model: /anthropic\.claude/, shape: (body) => 'anthropic_version' in body, dialect: anthropic },
  { model: /amazon\.nova-(?!.*embed)/, shape: isNovaBody, dialect: nova },
  {
    model: /amazon\.titan-(text|tg1)/,
    shape: (body) => 'inputText' in body && !isEmbeddingBody(body),
    dialect: titanText,
  },
  {
    model: /amazon\.titan-embed-text|amazon\.titan-embed-g1-text/,
    shape: (body) => 'inputText' in body && isEmbeddingBody(body),
    dialect: titanEmbed,
  },
  { model: /meta\.llama/, shape: (body) => 'prompt' in body && 'max_gen_len' in body, dialect: llama },
  { model: /ai21\.jamba/, shape: (body) => Array.isArray(body['messages']), dialect: openaiChat },
];

/** For the message that says what the simulator can answer. */
export const SCRIPTED_FAMILIES =
  'Anthropic Messages, Amazon Nova, Amazon Titan Text and Embeddings, Meta Llama, AI21 Jamba';

/** The dialect of a request to InvokeModel: by model id, or by the body when the id does not tell. */
export function findDialect(modelId: string, body: JsonObject): Dialect | undefined {
  const byId = FAMILIES.find(({ model }) => model.test(modelId));
  if (byId || !modelId.startsWith('arn:')) return byId?.dialect;
  return FAMILIES.find(({ shape }) => shape(body))?.dialect;
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
