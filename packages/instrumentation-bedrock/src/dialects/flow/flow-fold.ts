/** The fold for the answer in the events of InvokeFlow. Its trace has a fold of its own. */

import { asObject, asString, firstKey, type JsonObject, type JsonValue } from '../../data/json.js';
import { OtherEvents } from '../fold/pieces/other-events.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';

export const FLOW_TRACE = 'flowTraceEvent';

export function createFlowFold({ content }: FoldOptions): StreamFold {
  const outputs: JsonValue[] = [];
  const inputRequests: JsonValue[] = [];
  const others = new OtherEvents([
    'flowOutputEvent',
    'flowMultiTurnInputRequestEvent',
    'flowCompletionEvent',
    FLOW_TRACE,
  ]);
  let completionReason: string | undefined;
  let isComplete = false;
  return {
    add(event) {
      const completion = asObject(event['flowCompletionEvent']);
      isComplete ||= completion !== undefined;
      completionReason = asString(completion?.['completionReason']) ?? completionReason;
      if (!content) return;
      const output = asObject(event['flowOutputEvent']);
      if (output) outputs.push(output);
      const inputRequest = asObject(event['flowMultiTurnInputRequestEvent']);
      if (inputRequest) inputRequests.push(inputRequest);
      others.add(event);
    },
    body() {
      const body: JsonObject = {};
      if (outputs.length > 0) body['outputs'] = outputs;
      if (inputRequests.length > 0) body['inputRequests'] = inputRequests;
      if (completionReason !== undefined) body['completionReason'] = completionReason;
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    isComplete: () => isComplete,
  };
}
