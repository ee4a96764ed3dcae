/** The table from model to dialect. A new family is one file beside this one and one row here. */

import type { JsonObject } from '../json.js';
import { identifyModel } from '../model-id.js';
import { anthropicMessages } from './anthropic-messages.js';
import type { Dialect } from './dialect.js';
import { llama } from './llama.js';
import { nova } from './nova.js';
import { openAiChat } from './openai-chat.js';
import { raw } from './raw.js';
import { titanEmbed } from './titan-embed.js';
import { titanText } from './titan-text.js';

export interface DialectRow {
  /** Base ids of the models that speak the dialect, without region prefix. */
  readonly models: RegExp;
  readonly dialect: Dialect;
}

/** The first row that fits a model counts. Its order is also the order in which bodies are tried. */
export const DIALECTS: readonly DialectRow[] = [
  { models: /^anthropic\.claude/, dialect: anthropicMessages },
  { models: /^amazon\.nova-(?!.*(?:embed|canvas|reel|sonic))/, dialect: nova },
  { models: /^amazon\.titan-embed/, dialect: titanEmbed },
  { models: /^amazon\.titan-(?!image)/, dialect: titanText },
  { models: /^meta\.llama/, dialect: llama },
  { models: /^ai21\.jamba/, dialect: openAiChat },
];

/** The dialect of a model id; undefined where the id names no known family or hides it. */
export function dialectOfModel(modelId: string | undefined): Dialect | undefined {
  const { baseId } = identifyModel(modelId);
  if (baseId === undefined) return undefined;
  return DIALECTS.find(({ models }) => models.test(baseId))?.dialect;
}

/** The dialect of a request: by model id, else by the shape of its body, else {@link raw}. */
export function dialectOfRequest(modelId: string | undefined, body: () => JsonObject | undefined): Dialect {
  const known = dialectOfModel(modelId);
  if (known) return known;
  const shape = body();
  return (shape && DIALECTS.find(({ dialect }) => dialect.matchesRequest(shape))?.dialect) ?? raw;
}

/** The dialect of an answer or first chunk, where the request told none. */
export function dialectOfResponse(request: Dialect, body: JsonObject): Dialect {
  if (request !== raw) return request;
  return DIALECTS.find(({ dialect }) => dialect.matchesResponse(body))?.dialect ?? raw;
}
