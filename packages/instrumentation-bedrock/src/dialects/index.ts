/** The table from model to dialect. A new family is one file beside this one and one row here. */

import { asObject, type JsonObject, type JsonValue } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { ai21J2 } from './ai21-j2.js';
import { anthropicMessages } from './anthropic-messages.js';
import { anthropicText } from './anthropic-text.js';
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
import { raw } from './raw.js';
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

/** The dialect of a request: by model id, and by the shape of its body where the id leaves it open. */
export function chooseDialect(modelId: string | undefined, body: () => JsonValue | undefined): DialectChoice {
  const family = familyOf(identifyModel(modelId).baseId);
  const [only] = family;
  if (only && family.length === 1) return { dialect: only.dialect, isCertain: true };
  const shape = asObject(body());
  const rows = family.length > 0 ? family : DIALECTS;
  const match = shape && rows.find(({ dialect }) => dialect.matchesRequest(shape));
  return { dialect: match?.dialect ?? family.at(-1)?.dialect ?? raw, isCertain: false };
}

/** Most applications call one model. */
let latest: { readonly baseId: string; readonly family: readonly DialectRow[] } | undefined;

function familyOf(baseId: string | undefined): readonly DialectRow[] {
  if (baseId === undefined) return [];
  if (latest?.baseId !== baseId) latest = { baseId, family: DIALECTS.filter(({ models }) => models.test(baseId)) };
  return latest.family;
}

/** The dialect of an answer or of a stream's first chunk: that of its request, unless its shape says otherwise. */
export function dialectOfResponse({ dialect, isCertain }: DialectChoice, body: JsonObject): Dialect {
  if (isCertain || dialect.matchesResponse(body)) return dialect;
  return DIALECTS.find((row) => row.dialect.matchesResponse(body))?.dialect ?? dialect;
}
