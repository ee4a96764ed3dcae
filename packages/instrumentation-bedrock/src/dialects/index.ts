/** The table of dialects. A new dialect is one file beside this one and one row here. */

import { asObject, type JsonObject, type JsonValue } from '../data/json.js';
import { ai21J2 } from './ai21-j2.js';
import { anthropicMessages } from './anthropic-messages.js';
import { anthropicText } from './anthropic-text.js';
import { unknownDialect } from './blank.js';
import { cohereCommand } from './cohere-command.js';
import { cohereCommandR } from './cohere-command-r.js';
import { cohereEmbed } from './cohere-embed.js';
import { cohereRerank } from './cohere-rerank.js';
import type { Dialect } from './dialect.js';
import { type BoundedFoldOptions, createBoundedFold } from './fold/bounded-fold.js';
import type { StreamFold } from './fold/stream-fold.js';
import { images } from './images.js';
import { llama } from './llama.js';
import { mistralText } from './mistral-text.js';
import { nova } from './nova.js';
import { novaEmbed } from './nova-embed.js';
import { openAiChat } from './openai-chat.js';
import { openAiCompletions } from './openai-completions.js';
import { titanEmbed } from './titan-embed.js';
import { titanText } from './titan-text.js';
import { twelveLabsEmbed } from './twelvelabs-embed.js';
import { twelveLabsPegasus } from './twelvelabs-pegasus.js';

interface DialectRow {
  /** Matches the base ids of the models that use the dialect. See `ModelIdentity`. */
  readonly models: RegExp;
  readonly dialect: Dialect;
}

/**
 * The order matters. If several rows match a model, the request's body decides between them; if it matches none of
 * them, the last row counts. If the model id is unknown, the rows are tried from first to last. So dialects with few
 * members of their own come last.
 */
export const DIALECTS: readonly DialectRow[] = [
  { models: /^anthropic\.claude-(?:v\d|instant)/, dialect: anthropicText },
  { models: /^anthropic\.claude/, dialect: anthropicMessages },
  { models: /^amazon\.nova-.*embed/, dialect: novaEmbed },
  { models: /^(?:amazon\.nova-canvas|amazon\.titan-image|stability\.)/, dialect: images },
  { models: /^amazon\.nova-(?!canvas|reel|sonic)(?!.*embed)/, dialect: nova },
  { models: /^twelvelabs\.marengo/, dialect: twelveLabsEmbed },
  { models: /^twelvelabs\.pegasus/, dialect: twelveLabsPegasus },
  { models: /^amazon\.titan-embed/, dialect: titanEmbed },
  { models: /^amazon\.titan-(?:text|tg1)/, dialect: titanText },
  { models: /^meta\.llama/, dialect: llama },
  { models: /^cohere\.embed/, dialect: cohereEmbed },
  { models: /^(?:cohere|amazon)\.rerank/, dialect: cohereRerank },
  { models: /^cohere\.command-r/, dialect: cohereCommandR },
  { models: /^cohere\.command-(?:text|light)/, dialect: cohereCommand },
  { models: /^ai21\.j2/, dialect: ai21J2 },
  {
    models: /^(?:ai21\.jamba|mistral|openai|qwen|writer|deepseek|moonshot|moonshotai|minimax|zai|nvidia|google)/,
    dialect: openAiChat,
  },
  { models: /^mistral\./, dialect: mistralText },
  { models: /^(?:deepseek|openai|qwen|writer)\./, dialect: openAiCompletions },
];

/** The dialect of a request. */
interface DialectChoice {
  readonly dialect: Dialect;
  /** False if the answer can still show that the dialect is another. */
  readonly isCertain: boolean;
}

/**
 * Chooses the dialect of a request by its model, and by its body if several dialects fit the model.
 *
 * @param baseId the model's base id; undefined if the model id does not contain it. See `identifyModel`.
 * @param body returns the request's body. Called only if the model does not decide.
 */
export function chooseDialect(baseId: string | undefined, body: () => JsonValue | undefined): DialectChoice {
  const family = baseId === undefined ? [] : DIALECTS.filter(({ models }) => models.test(baseId));
  const [only] = family;
  if (only && family.length === 1) return { dialect: only.dialect, isCertain: true };
  const shape = asObject(body());
  const rows = family.length > 0 ? family : DIALECTS;
  const match = shape && rows.find(({ dialect }) => dialect.matchesRequest(shape));
  return { dialect: match?.dialect ?? family.at(-1)?.dialect ?? unknownDialect, isCertain: false };
}

/** Returns the dialect of an answer or of a stream's first chunk: the request's, unless its members show another. */
export function dialectOfResponse({ dialect, isCertain }: DialectChoice, body: JsonObject): Dialect {
  if (isCertain || dialect.matchesResponse(body)) return dialect;
  return DIALECTS.find((row) => row.dialect.matchesResponse(body))?.dialect ?? dialect;
}

/** Creates the fold for a stream in a dialect. The answer stays within the length of the options. */
export function createFold(
  { createFold: create }: Pick<Dialect, 'createFold'>,
  options: BoundedFoldOptions,
): StreamFold {
  return createBoundedFold(create, options);
}
