/** InvokeFlow, and the executions of its nodes. */

import { asArray, asString, type JsonValue } from '../../data/json.js';
import { finishReason, type OutputMessage } from '../../data/messages.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { documentParts } from './documents.js';
import { createFlowFold } from './flow-fold.js';

/** The answer is `{outputs, inputRequests, completionReason}`, with the events of the stream in its lists. */
export const flow: Dialect = {
  ...blankDialect('flow', 'invoke_workflow'),
  readInput(body) {
    const parts = documentParts(body['inputs']);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readOutput({ outputs, inputRequests, completionReason }) {
    const events = [...asArray(outputs), ...asArray(inputRequests)];
    return answerMessages(events, asString(completionReason));
  },
  createFold: createFlowFold,
};

/** The request and the answer of an execution of a node are `{fields}`, the answer of a condition `{satisfiedConditions}`. */
export const flowNode: Dialect = {
  ...blankDialect('flow-node', 'execute_node'),
  readInput({ fields }) {
    const parts = documentParts(fields);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readOutput: ({ fields }) => answerMessages(asArray(fields), 'SUCCESS'),
};

function answerMessages(list: readonly JsonValue[], reason: string | undefined): OutputMessage[] {
  const parts = documentParts(list);
  return parts.length > 0 ? [{ role: 'assistant', parts, finish_reason: finishReason(reason) }] : [];
}
