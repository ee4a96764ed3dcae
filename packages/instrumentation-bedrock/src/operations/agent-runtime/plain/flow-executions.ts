/** Executions of flows that run without the application waiting for them. */

import type { Attributes } from '@opentelemetry/api';
import { asString, type JsonObject } from '../../../data/json.js';
import {
  ATTR_AWS_BEDROCK_FLOW_ALIAS_ID,
  ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID,
  ATTR_AWS_BEDROCK_FLOW_EXECUTION_STATUS,
  ATTR_AWS_BEDROCK_FLOW_ID,
} from '../../../data/semconv.js';
import { asId, asWord } from '../../../data/words.js';
import type { Operation } from '../../common/operation.js';
import { plainOperation } from '../../common/plain.js';

export const flowExecutions: readonly Operation[] = [
  'StartFlowExecution',
  'StopFlowExecution',
  'GetFlowExecution',
  'ListFlowExecutions',
  'ListFlowExecutionEvents',
  'GetExecutionFlowSnapshot',
].map((name) => plainOperation({ name, spanType: 'TASK', requestFacts: readIds, answerFacts: readAnswer }));

function readIds({ flowIdentifier, flowAliasIdentifier, executionIdentifier }: JsonObject): Attributes {
  return {
    [ATTR_AWS_BEDROCK_FLOW_ID]: asId(flowIdentifier),
    [ATTR_AWS_BEDROCK_FLOW_ALIAS_ID]: asId(flowAliasIdentifier),
    [ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID]: executionId(executionIdentifier),
  };
}

function readAnswer({ executionArn, status }: JsonObject): Attributes {
  return {
    [ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID]: executionId(executionArn),
    [ATTR_AWS_BEDROCK_FLOW_EXECUTION_STATUS]: asWord(status),
  };
}

/** @param identifier an id, or an ARN that ends with it. */
function executionId(identifier: unknown): string | undefined {
  return asId(asString(identifier)?.split('/').at(-1));
}
