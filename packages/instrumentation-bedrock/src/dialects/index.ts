/** The table from model to dialect. A new family is one file beside this one and one row here. */

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
import { images } from './images.js';
import { llama } from './llama.js';
import { mistralText } from './mistral-text.js';
import { nova } from './nova.js';
import { novaEmbed } from './nova-embed.js';
import { openAiChat } from './openai-chat.js';
import { openAiCompletions } from './openai-completions.js';
import { titanEmbed } from './titan-embed.js';
import { titanText } from './titan-text.js';

export interface DialectRow {
  /** Base ids of the models that speak the dialect, without region prefix. */
  readonly models: RegExp;
  readonly dialect: Dialect;
}

/**
 * A family that speaks several dialects has a row for each: the request tells which, and the last of them is taken
 * when it does not. The order of the rows is also the order in which bodies are tried where the id says nothing, so
 * dialects that are told by little stand last.
 */
export const DIALECTS: readonly DialectRow[] = [
  { models: /^anthropic\.claude-(?:v\d|instant)/, dialect: anthropicText },
  { models: /^anthropic\.claude/, dialect: anthropicMessages },
  { models: /^amazon\.nova-.*embed/, dialect: novaEmbed },
  { models: /^(?:amazon\.nova-canvas|amazon\.titan-image|stability\.)/, dialect: images },
  { models: /^amazon\.nova-(?!canvas|reel|sonic)(?!.*embed)/, dialect: nova },
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

/** What a request is read as, and whether that is certain or may be corrected by the answer's shape. */
export interface DialectChoice {
  readonly dialect: Dialect;
  readonly isCertain: boolean;
}

/**
 * The dialect of a request: by the model, and by the shape of the body if the model leaves it open.
 *
 * @param baseId see `identifyModel`; undefined if the model id hides the family.
 * @param body called only if the model leaves the dialect open.
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

/** The dialect of an answer or of a stream's first chunk: that of its request, unless its shape says otherwise. */
export function dialectOfResponse({ dialect, isCertain }: DialectChoice, body: JsonObject): Dialect {
  if (isCertain || dialect.matchesResponse(body)) return dialect;
  return DIALECTS.find((row) => row.dialect.matchesResponse(body))?.dialect ?? dialect;
}
