/** ARNs of AgentCore: `arn:aws:bedrock-agentcore:<region>:<account>:<kind>/<name>-<10 characters>`. */

import type { Attributes } from '@opentelemetry/api';
import { ATTR_GEN_AI_AGENT_ID, ATTR_GEN_AI_AGENT_NAME } from '../../data/semconv.js';
import { asId } from '../../data/words.js';

/** Names of runtimes and harnesses have no `-`. */
const NAME = /^(?:arn:[^/]*:(?:runtime|harness)\/)?([A-Za-z]\w{0,99})-[A-Za-z0-9]{10}(?:$|\/)/;

/** @param arn of a runtime or a harness. A runtime can also have its id there. */
export function agentIdentity(arn: unknown): Attributes {
  const id = asId(arn);
  return { [ATTR_GEN_AI_AGENT_ID]: id, [ATTR_GEN_AI_AGENT_NAME]: NAME.exec(id ?? '')?.[1] };
}
