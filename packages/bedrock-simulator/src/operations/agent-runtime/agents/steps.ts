import { uuidOf } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import { calculate } from '../../../model/script.js';
import { referenceTo, searchDocuments } from '../knowledge/search.js';
import type { Action, Agent } from './agent.js';
import type { Step } from './plan.js';
import { toTime } from './timeline.js';
import { type Stage, type TraceKind, type Turn, writeTrace } from './trace.js';

export interface StepResult {
  readonly kind: 'result';
  /** What the model reads as the result of its tool call. */
  readonly text: string;
}

type StepOutcome =
  | StepResult
  | { readonly kind: 'control'; readonly invocationId: string }
  | { readonly kind: 'failure'; readonly reason: string; readonly resource: string; readonly traceId: string };

/** Lets a collaborator answer. Returns its answer and the id of its turn. */
export type AskCollaborator = (
  stage: Stage,
  turn: Turn,
  agent: Agent,
  text: string,
  traceId: string,
) => { readonly text: string; readonly turnId: string };

const LOOKUP_MS = 6;
const ACTION_MS = 8;
const CODE_MS = 10;

/** Performs a step, with the traces of its input and its observation. */
export function performStep(stage: Stage, turn: Turn, step: Step, traceId: string, ask: AskCollaborator): StepOutcome {
  switch (step.kind) {
    case 'lookup':
      return lookUp(stage, turn, step, traceId);
    case 'action':
      return act(stage, turn, step, traceId);
    case 'code':
      return runCode(stage, turn, step.code, traceId);
    case 'collaborator':
      return askCollaborator(stage, turn, 'orchestrationTrace', step, traceId, ask);
  }
}

/** The traces are the same whether the model or a classifier chooses the collaborator. */
export function askCollaborator(
  stage: Stage,
  turn: Turn,
  kind: TraceKind,
  { agent, text }: { readonly agent: Agent; readonly text: string },
  traceId: string,
  ask: AskCollaborator,
): StepResult {
  const collaborator = { agentCollaboratorAliasArn: agent.aliasArn, agentCollaboratorName: agent.name };
  writeTrace(stage, turn, kind, {
    invocationInput: {
      agentCollaboratorInvocationInput: { ...collaborator, input: { text, type: 'TEXT' } },
      invocationType: 'AGENT_COLLABORATOR',
      traceId,
    },
  });
  const begin = stage.timeline.now();
  const answer = ask(stage, turn, agent, text, traceId);
  const end = stage.timeline.now();
  const metadata = {
    clientRequestId: answer.turnId,
    startTime: toTime(begin),
    endTime: toTime(end),
    totalTimeMs: end - begin,
  };
  const output = { ...collaborator, metadata, output: { text: answer.text, type: 'TEXT' } };
  observe(stage, turn, kind, { agentCollaboratorInvocationOutput: output, traceId, type: 'AGENT_COLLABORATOR' });
  return { kind: 'result', text: answer.text };
}

/** Writes the observation of an action, also of one that the application has run. */
export function observeAction(stage: Stage, turn: Turn, text: string, metadata: JsonObject, traceId: string): void {
  const actionGroupInvocationOutput = { ...metadata, text };
  observe(stage, turn, 'orchestrationTrace', { actionGroupInvocationOutput, traceId, type: 'ACTION_GROUP' });
}

function lookUp(
  stage: Stage,
  turn: Turn,
  { knowledgeBaseId, query }: Step & { readonly kind: 'lookup' },
  traceId: string,
): StepResult {
  writeTrace(stage, turn, 'orchestrationTrace', {
    invocationInput: {
      invocationType: 'KNOWLEDGE_BASE',
      knowledgeBaseLookupInput: { knowledgeBaseId, text: query },
      traceId,
    },
  });
  const references = searchDocuments(query).map(({ document }) => referenceTo(document));
  const metadata = stage.timeline.spend(LOOKUP_MS, turn.id);
  const knowledgeBaseLookupOutput = { metadata, retrievedReferences: references };
  observe(stage, turn, 'orchestrationTrace', { knowledgeBaseLookupOutput, traceId, type: 'KNOWLEDGE_BASE' });
  return { kind: 'result', text: JSON.stringify(references.map(({ content }) => content)) };
}

/** The service sends the input of an action only after the action has ended. */
function act(
  stage: Stage,
  turn: Turn,
  { group, action, input }: Step & { readonly kind: 'action' },
  traceId: string,
): StepOutcome {
  // Only the outermost agent can return control to the application.
  const returnsControl = group.returnsControl && turn.collaboratorName === undefined;
  const invocationId = uuidOf([traceId, 'control']);
  const result = action.run(input);
  const metadata = returnsControl ? {} : { metadata: stage.timeline.spend(ACTION_MS, uuidOf([traceId, 'action'])) };
  writeTrace(stage, turn, 'orchestrationTrace', {
    invocationInput: {
      actionGroupInvocationInput: {
        actionGroupName: group.name,
        ...nameOf(action),
        ...(returnsControl ? { executionType: 'RETURN_CONTROL', invocationId } : { executionType: 'LAMBDA' }),
        parameters: parametersOf(action, input),
      },
      invocationType: 'ACTION_GROUP',
      traceId,
    },
  });
  if (returnsControl) return { kind: 'control', invocationId };
  if ('failure' in result) return { kind: 'failure', reason: result.failure, resource: group.name, traceId };
  observeAction(stage, turn, result.text, metadata, traceId);
  return { kind: 'result', text: result.text };
}

function nameOf({ tool, api }: Action): JsonObject {
  return api ? { apiPath: api.path, verb: api.verb.toLowerCase() } : { function: tool.name };
}

/** Writes the event that asks the application to run an action. */
export function writeControl(
  { timeline }: Stage,
  { agent }: Turn,
  { step, invocationId }: { readonly step: Step; readonly invocationId: string },
): void {
  if (step.kind !== 'action') return;
  const { group, action, input } = step;
  const member = {
    actionGroup: group.name,
    actionInvocationType: 'RESULT',
    ...(agent.id === undefined ? {} : { agentId: agent.id }),
    parameters: parametersOf(action, input),
  };
  const invocation = action.api
    ? { apiInvocationInput: { ...member, apiPath: action.api.path, httpMethod: action.api.verb } }
    : { functionInvocationInput: { ...member, function: action.tool.name } };
  timeline.add('returnControl', { invocationId, invocationInputs: [invocation] });
}

/** Returns the arguments as the service sends them, each as a text with its type. */
function parametersOf({ tool }: Action, input: JsonObject): JsonObject[] {
  const properties = tool.schema['properties'] as Readonly<Record<string, { readonly type?: string }>> | undefined;
  return Object.entries(input).map(([name, value]) => ({
    name,
    type: properties?.[name]?.type ?? 'string',
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));
}

function runCode(stage: Stage, turn: Turn, code: string, traceId: string): StepResult {
  const metadata = stage.timeline.spend(CODE_MS);
  writeTrace(stage, turn, 'orchestrationTrace', {
    invocationInput: {
      codeInterpreterInvocationInput: { code },
      invocationType: 'ACTION_GROUP_CODE_INTERPRETER',
      traceId,
    },
  });
  const result = evaluate(code);
  stage.files.push(...(result.files ?? []));
  observe(stage, turn, 'orchestrationTrace', {
    codeInterpreterInvocationOutput: { ...result, metadata },
    traceId,
    type: 'ACTION_GROUP_CODE_INTERPRETER',
  });
  return { kind: 'result', text: result.executionOutput ?? result.executionError ?? '' };
}

interface CodeResult {
  readonly executionOutput?: string;
  readonly executionError?: string;
  readonly files?: readonly string[];
}

/** Calculates `print(2 * 3 + 4)` from the left to the right. It runs no code. */
function evaluate(code: string): CodeResult {
  if (code.startsWith('plot(')) return { executionOutput: 'chart.png', files: ['chart.png'] };
  const [first = '0', ...rest] = code.match(/(?<![\d)]\s*)-?\d+(?:\.\d+)?|[-+*/]/g) ?? [];
  let result = Number(first);
  for (let index = 0; index < rest.length; index += 2) {
    const operand = Number(rest[index + 1]);
    if (rest[index] === '/' && operand === 0) return { executionError: 'ZeroDivisionError: division by zero' };
    result = calculate(result, rest[index], operand);
  }
  return { executionOutput: String(result) };
}

function observe(stage: Stage, turn: Turn, kind: TraceKind, observation: JsonObject): void {
  writeTrace(stage, turn, kind, { observation });
}
