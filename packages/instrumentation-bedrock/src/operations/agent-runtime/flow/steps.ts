/** The nodes of a flow as steps, with their actions beneath. */

import type { Attributes } from '@opentelemetry/api';
import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  type JsonObject,
  type JsonValue,
  toJson,
} from '../../../data/json.js';
import * as semconv from '../../../data/semconv.js';
import { asWord } from '../../../data/words.js';
import { documentsByName } from '../../../dialects/flow/documents.js';
import { laterOf, type NodeExecution, readExecutions } from '../../../dialects/flow/executions.js';
import { flowNode } from '../../../dialects/flow/flow.js';
import type { ContentForm, ContentLimits, OperationAnswer, OperationRequest, Step } from '../../common/operation.js';
import { actionStep } from './action.js';
import type { FlowAgents } from './agents.js';

const FORM: ContentForm = { bodyOf: asObject, show: showFields };

/** @param traces the events of the trace, as its fold lists them. */
export function flowSteps(traces: unknown, agents: FlowAgents, limits: ContentLimits): Step[] {
  return readExecutions(traces).map((execution) => nodeStep(execution, agents, limits));
}

function nodeStep(execution: NodeExecution, agents: FlowAgents, limits: ContentLimits): Step {
  const { start, end, dependencies } = execution;
  const answer = answerOf(execution, limits);
  const ofAgents = dependencies.flatMap((trace) => agents.takeSteps(trace));
  const actions = actionSteps(execution, ofAgents, limits);
  return {
    spanType: 'TASK',
    isRequest: false,
    request: requestOf(execution, limits),
    answer,
    isOpen: !answer,
    start: dateOf(start),
    end: dateOf(end),
    steps: actions.some(({ steps }) => steps === ofAgents) ? actions : [...actions, ...ofAgents],
  };
}

/**
 * An action begins when the node gets its input, or when the action before it has ended.
 *
 * @param ofAgents the steps of an agent that the node has called: beneath the call, if the trace has it.
 */
function actionSteps({ start, actions }: NodeExecution, ofAgents: readonly Step[], limits: ContentLimits): Step[] {
  let begin = start;
  const call = actions.findLast(({ operationName }) => operationName === 'InvokeAgent');
  return actions.map((trace) => {
    const end = laterOf(begin, asNumber(trace['time']));
    const times = { start: dateOf(begin), end: dateOf(end) };
    const step = actionStep(trace, times, trace === call ? ofAgents : [], limits);
    begin = end;
    return step;
  });
}

function dateOf(millis: number | undefined): Date | undefined {
  return millis === undefined ? undefined : new Date(millis);
}

function requestOf({ node, input }: NodeExecution, limits: ContentLimits): OperationRequest {
  return {
    modelId: undefined,
    model: {},
    identity: { [semconv.ATTR_AWS_BEDROCK_FLOW_NODE_NAME]: node },
    facts: input && { [semconv.ATTR_AWS_BEDROCK_FLOW_NODE_ITERATION]: asNumber(input['iteration']) },
    dialect: flowNode,
    isCertain: true,
    body: () => undefined,
    content: () => fieldsOf(input, limits),
    form: FORM,
    service: () => ({}),
    serviceIn: () => ({}),
  };
}

function answerOf({ output, conditions }: NodeExecution, limits: ContentLimits): OperationAnswer | undefined {
  if (!output && !conditions) return undefined;
  return {
    dialect: flowNode,
    facts: conditions && readConditions(conditions),
    body: () => undefined,
    content: () => fieldsOf(output, limits) ?? conditionsOf(conditions, limits),
    form: FORM,
    service: () => ({}),
    serviceIn: () => ({}),
  };
}

function fieldsOf(trace: JsonObject | undefined, limits: ContentLimits): JsonValue | undefined {
  return trace?.['fields'] === undefined ? undefined : toJson({ fields: trace['fields'] }, limits);
}

function conditionsOf(trace: JsonObject | undefined, limits: ContentLimits): JsonValue | undefined {
  const { satisfiedConditions } = trace ?? {};
  return satisfiedConditions === undefined ? undefined : toJson({ satisfiedConditions }, limits);
}

function readConditions({ satisfiedConditions }: JsonObject): Attributes {
  const names = asObjects(satisfiedConditions)
    .map(({ conditionName }) => asWord(conditionName))
    .filter((name) => name !== undefined);
  return { [semconv.ATTR_AWS_BEDROCK_FLOW_NODE_CONDITIONS]: names };
}

function showFields(content: JsonValue): JsonValue {
  const { fields } = asMembers(content);
  return fields === undefined ? content : documentsByName(fields);
}
