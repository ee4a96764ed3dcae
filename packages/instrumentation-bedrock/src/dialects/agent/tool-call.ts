/** Actions and code that an agent runs, as its trace describes them. */

import type { JsonObject, JsonValue } from '../../data/json.js';
import { ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';

export const agentToolCall: Dialect = {
  ...blankDialect('agent-tool-call', 'execute_tool'),
  readInputDetails: (body) => ({ [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: body }),
  readOutputDetails: (body) => ({ [ATTR_GEN_AI_TOOL_CALL_RESULT]: resultOf(body) }),
};

/** Returns the text of an action's result. The result of the code interpreter has several members. */
export function resultOf(body: JsonObject): JsonValue {
  const { text, ...others } = body;
  return typeof text === 'string' && Object.keys(others).length === 0 ? text : body;
}
