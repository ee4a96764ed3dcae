import { uuidOf } from '../../digest.js';
import { errorResponse } from '../../errors.js';
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../json.js';
import { countTokens, toPieces } from '../../model/tokens.js';
import type { SimulatedResponse } from '../../types.js';
import type { Operation, OperationRequest } from '../operation.js';
import type { Agent } from './agents/agent.js';
import { BLOCKED_MESSAGE, guard } from './agents/guardrail.js';
import { readInlineAgent } from './agents/inline.js';
import type { Outcome, Progress } from './agents/orchestration.js';
import type { AgentSession, AgentSessions } from './agents/session.js';
import { findAgent } from './agents/shop.js';
import { observeAction, writeControl } from './agents/steps.js';
import { createTimeline } from './agents/timeline.js';
import { type Stage, type Turn, writeTrace } from './agents/trace.js';
import { runTurn } from './agents/turn.js';
import { citationsOf } from './knowledge/grounded-answer.js';

export function invokeAgent(sessions: AgentSessions): Operation {
  return {
    name: 'InvokeAgent',
    method: 'POST',
    path: '/agents/{agentId}/agentAliases/{agentAliasId}/sessions/{sessionId}/text',
    answer(request) {
      const { agentId = '', agentAliasId = '' } = request.labels;
      return respond(request, findAgent(agentId, agentAliasId), sessions, objectOf(request.body['sessionState']));
    },
  };
}

export function invokeInlineAgent(sessions: AgentSessions): Operation {
  return {
    name: 'InvokeInlineAgent',
    method: 'POST',
    path: '/agents/{sessionId}',
    answer: (request) =>
      respond(request, readInlineAgent(request.body), sessions, objectOf(request.body['inlineSessionState'])),
  };
}

function respond(
  request: OperationRequest,
  agent: Agent,
  sessions: AgentSessions,
  state: JsonObject,
): SimulatedResponse {
  const { labels, body } = request;
  const { sessionId = '' } = labels;
  const session = sessions.of(agent.aliasArn, sessionId);
  const resumed = resume(session, state);
  if (resumed === 'unknown')
    return errorResponse('ValidationException', 'No turn of this session waits for the results of an invocation.');
  const question = resumed?.question ?? stringOf(body['inputText']);
  const turn: Turn = {
    id: uuidOf([agent.aliasArn, sessionId, session.requests++]),
    agent,
    sessionId,
    callerChain: [agent.aliasArn],
    collaboratorName: undefined,
    question,
    history: [...session.history],
  };
  const stage: Stage = { timeline: createTimeline(Date.now()), traced: body['enableTrace'] === true, files: [] };
  answer(stage, turn, session, request, resumed);
  const memoryId = stringOf(body['memoryId']);
  if (body['endSession'] === true) sessions.end(agent.aliasArn, sessionId, memoryId);
  return {
    headers: {
      'x-amzn-requestid': turn.id,
      'x-amzn-bedrock-agent-content-type': 'application/json',
      'x-amz-bedrock-agent-session-id': sessionId,
      ...(memoryId === '' ? {} : { 'x-amz-bedrock-agent-memory-id': memoryId }),
    },
    events: stage.timeline.events,
  };
}

/** A turn that goes on with the results of the application. */
interface Resumed {
  readonly question: string;
  readonly progress: Progress;
  readonly result: string;
}

function resume(session: AgentSession, state: JsonObject): Resumed | 'unknown' | undefined {
  const results = arrayOf(state['returnControlInvocationResults']).map(objectOf);
  if (results.length === 0) return undefined;
  const { waiting } = session;
  if (waiting === undefined || waiting.invocationId !== state['invocationId']) return 'unknown';
  session.waiting = undefined;
  const result = results.map(bodyOf).join('\n');
  const { steps, exchanges, results: known } = waiting.progress;
  const open = exchanges.at(-1);
  return {
    question: waiting.question,
    result,
    progress: {
      steps,
      exchanges: open ? [...exchanges.slice(0, -1), { ...open, result }] : [],
      results: [...known, { kind: 'result', text: result }],
    },
  };
}

function bodyOf({ functionResult, apiResult }: JsonObject): string {
  const [content] = Object.values(objectOf(objectOf(functionResult ?? apiResult)['responseBody']));
  return stringOf(objectOf(content)['body']);
}

function answer(
  stage: Stage,
  turn: Turn,
  session: AgentSession,
  { body, pieces }: OperationRequest,
  resumed: Resumed | undefined,
): void {
  const { agent, question } = turn;
  if (resumed) observeAction(stage, turn, resumed.result, {}, `${turn.id}-0`);
  else if (agent.hasGuardrail && guard(stage, turn, 'pre', question)) {
    sendText(stage, BLOCKED_MESSAGE);
    return;
  }
  const streams = objectOf(body['streamingConfigurations']);
  const streaming = (pieces !== undefined || streams['streamFinalResponse'] === true) && !agent.hasPostProcessing;
  const interval = numberOf(streams['applyGuardrailInterval']);
  const stream = (text: string) => streamText(stage, turn, pieces ?? toPieces(text), interval);
  const outcome = runTurn(stage, turn, {
    ...(resumed ? { progress: resumed.progress, first: 1 } : {}),
    ...(streaming ? { stream } : {}),
    pieces,
  });
  finish(stage, turn, session, outcome, streaming);
}

function finish(stage: Stage, turn: Turn, session: AgentSession, outcome: Outcome, streamed: boolean): void {
  if (outcome.kind === 'control') {
    session.waiting = { invocationId: outcome.invocationId, question: turn.question, progress: outcome.progress };
    writeControl(stage, turn, outcome);
    return;
  }
  if (outcome.kind === 'failure') {
    fail(stage, turn, outcome);
    return;
  }
  session.history.push({ question: turn.question, answer: outcome.text });
  if (stage.files.length > 0) {
    const files = stage.files.map((name) => ({ name, type: 'image/png', bytes: PIXEL }));
    stage.timeline.add('files', { files });
  }
  // A streamed answer was checked and sent while the model wrote it.
  if (streamed) return;
  const blocked = turn.agent.hasGuardrail && guard(stage, turn, 'post', outcome.text);
  sendText(stage, blocked ? BLOCKED_MESSAGE : outcome.text, blocked ? [] : citationsOf(outcome.parts));
}

/** An image of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const LAMBDA_FAILED = 424;

function fail(stage: Stage, turn: Turn, { reason, resource, traceId }: Outcome & { readonly kind: 'failure' }): void {
  const metadata = stage.timeline.spend(1, turn.id);
  writeTrace(stage, turn, 'failureTrace', { failureCode: LAMBDA_FAILED, failureReason: reason, metadata, traceId });
  stage.timeline.add('dependencyFailedException', { message: reason, resourceName: resource }, 'exception');
}

/** Milliseconds between the chunks of a streamed answer. */
const CHUNK_MS = 1;

/** Sends an answer in several chunks, with a check of the guardrail for each `interval` tokens. */
function streamText(stage: Stage, turn: Turn, pieces: readonly string[], interval: number | undefined): void {
  let unchecked = interval ?? 0;
  for (const piece of pieces) {
    stage.timeline.spend(CHUNK_MS);
    unchecked += countTokens(piece);
    if (turn.agent.hasGuardrail && unchecked >= (interval ?? 1)) {
      guard(stage, turn, 'post', piece);
      unchecked = 0;
    }
    sendText(stage, piece);
  }
}

function sendText({ timeline }: Stage, text: string, citations: readonly JsonObject[] = []): void {
  const bytes = Buffer.from(text).toString('base64');
  timeline.add('chunk', citations.length > 0 ? { attribution: { citations }, bytes } : { bytes });
}
