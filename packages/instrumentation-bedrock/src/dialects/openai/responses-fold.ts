/** The fold for the events of a streamed answer of OpenAI's Responses API. */

import { asArray, asObject, asString, isObject, type JsonObject } from '../../data/json.js';
import { IndexedParts } from '../fold/pieces/indexed-parts.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';
import { StreamedItem } from './streamed-item.js';

/** Events with the answer as it is. After those that open it, it still grows. */
const OPENING = new Set(['response.created', 'response.queued', 'response.in_progress']);
const CLOSING = new Set(['response.completed', 'response.incomplete', 'response.failed']);

export function createResponsesFold({ content }: FoldOptions): StreamFold {
  let items = new IndexedParts<StreamedItem>();
  let answer: JsonObject | undefined;
  let isComplete = false;
  return {
    add(chunk) {
      const type = asString(chunk['type']) ?? '';
      const response = asObject(chunk['response']);
      if (CLOSING.has(type)) {
        if (response) answer = content ? response : factsOf(response);
        isComplete = true;
        // The closing event has the whole answer once more. A service can leave out in it what it has sent before.
        if (content && hasItems(response)) items = new IndexedParts();
      } else if (OPENING.has(type)) {
        if (response && !isComplete) answer = withoutOutputTokens(content ? response : factsOf(response));
      } else if (content && chunk['output_index'] !== undefined) {
        items.at(chunk['output_index'], () => new StreamedItem()).add(type, chunk);
      }
    },
    body() {
      if (!answer && items.size === 0) return undefined;
      if (!content || (isComplete && hasItems(answer))) return answer;
      return {
        ...answer,
        output: items
          .inOrder()
          .map((item) => item.finish())
          .filter(isObject),
      };
    },
    isComplete: () => isComplete,
  };
}

/** Output counts grow until the answer is complete. */
function withoutOutputTokens(answer: JsonObject): JsonObject {
  const usage = asObject(answer['usage']);
  if (!usage) return answer;
  const { output_tokens, output_tokens_details, total_tokens, ...input } = usage;
  return { ...answer, usage: input };
}

function hasItems(answer: JsonObject | undefined): boolean {
  return asArray(answer?.['output']).length > 0;
}

/** Members of an answer that are no content. An error can quote the request, so only its code is kept. */
function factsOf(response: JsonObject): JsonObject {
  const { id, object, created_at, completed_at, model, status, service_tier, usage, incomplete_details, error } =
    response;
  const code = asObject(error)?.['code'];
  return {
    id,
    object,
    created_at,
    completed_at,
    model,
    status,
    service_tier,
    usage,
    incomplete_details,
    ...(error && { error: { code } }),
  };
}
