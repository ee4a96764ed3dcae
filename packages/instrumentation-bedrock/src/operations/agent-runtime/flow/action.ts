/** What a node of a flow asked of another service, as the trace of the flow has it: model calls, lookups, functions. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, asString, isObject, type JsonObject } from '../../../data/json.js';
import { stringify } from '../../../data/numbers.js';
import * as semconv from '../../../data/semconv.js';
import { asWord } from '../../../data/words.js';
import { flowAction } from '../../../dialects/flow/action.js';
import { describedOperation } from '../../common/described.js';
import type { ContentLimits, Operation, Step } from '../../common/operation.js';
import { converse } from '../../runtime/converse.js';
import { invokeModel } from '../../runtime/invoke-model.js';
import { invokeAgent } from '../invoke-agent.js';
import { rerank } from '../rerank.js';
import { retrieve } from '../retrieve.js';
import { retrieveAndGenerate } from '../retrieve-and-generate.js';

/** The operations whose requests and answers the trace can have. They stand for their streams, too. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [converse, invokeModel, invokeAgent, rerank, retrieve, retrieveAndGenerate].map((each) => [each.name, each]),
);

/** A call of any other service, such as AWS Lambda, is a tool of the flow. */
const other: Operation = describedOperation({
  name: 'FlowAction',
  spanType: 'TOOL',
  dialect: flowAction,
  identity: (input) => ({ [semconv.ATTR_GEN_AI_TOOL_NAME]: toolName(input) }),
  requestFacts: () => ({ [semconv.ATTR_GEN_AI_TOOL_TYPE]: 'extension' }),
  requestForm: { bodyOf: asObject, show: (content) => asObject(content)?.['request'] ?? content },
  answerForm: { bodyOf: asObject, show: (content) => asObject(content)?.['response'] ?? content },
});

/**
 * Makes the step of an action.
 *
 * @param trace its event, as the fold of the trace lists it.
 * @param times undefined if unknown. The service states when the action ended.
 * @param steps what was done within it.
 */
export function actionStep(
  trace: JsonObject,
  times: Pick<Step, 'start' | 'end'>,
  steps: readonly Step[],
  limits: ContentLimits,
): Step {
  const operation = OPERATIONS.get(operationName(trace)) ?? other;
  const isOther = operation === other;
  const input = withTextBody(trace['request']);
  const request = operation.readRequest(
    isOther ? { operationName: trace['operationName'], request: input } : input,
    limits,
  );
  const output = withTextBody(trace['response']);
  const answer = operation.readAnswer(request, isOther && output !== undefined ? { response: output } : output, limits);
  return {
    spanType: operation.spanType,
    // The conventions have INTERNAL for the work of a tool, here as in an agent.
    isRequest: operation !== other,
    request: { ...request, facts: { ...request.facts, ...actionFacts(trace) } },
    // Models have their figures in many places. What the answer's own dialect reads comes first.
    answer: { ...answer, usage: asObject(trace['usage']) ?? undefined },
    ...times,
    steps,
  };
}

function operationName({ operationName: name }: JsonObject): string {
  return (asString(name) ?? '').replace(/(?:WithResponse)?Stream$/, '');
}

function actionFacts({ serviceName, operationName: operation, requestId }: JsonObject): Attributes {
  return {
    [semconv.ATTR_AWS_BEDROCK_FLOW_ACTION_SERVICE]: asWord(serviceName),
    [semconv.ATTR_AWS_BEDROCK_FLOW_ACTION_OPERATION]: asWord(operation),
    [semconv.ATTR_AWS_REQUEST_ID]: asWord(requestId),
  };
}

/** The name of a Lambda function, also from its ARN; else the name of the operation. */
function toolName({ operationName: operation, request }: JsonObject): string | undefined {
  const functionName = asWord(asObject(request)?.['functionName']);
  return functionName?.split(':function:').at(-1)?.split(':')[0] ?? asWord(operation);
}

/** InvokeModel has text where the trace can have JSON. */
function withTextBody(payload: JsonObject[string]): JsonObject[string] {
  const body = asObject(payload)?.['body'];
  return isObject(payload) && isObject(body) ? { ...payload, body: stringify(body) } : payload;
}
