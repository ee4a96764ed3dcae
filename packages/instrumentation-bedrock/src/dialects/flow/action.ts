/** A call of a service that is not Bedrock by a node of a flow: `{request}` and `{response}`, each any JSON. */

import { ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';

export const flowAction: Dialect = {
  ...blankDialect('flow-action', 'execute_tool'),
  readInputDetails: ({ request }) => ({ [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: request }),
  readOutputDetails: ({ response }) => ({ [ATTR_GEN_AI_TOOL_CALL_RESULT]: response }),
};
