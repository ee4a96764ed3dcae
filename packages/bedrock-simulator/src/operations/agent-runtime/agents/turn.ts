import { uuidOf } from '../../../digest.js';
import type { ModelAnswer } from './model-call.js';
import { answerFromKnowledgeBases, type OrchestrationOptions, type Outcome, orchestrate } from './orchestration.js';
import { onlyLooksUp, routeTo } from './plan.js';
import { type AskCollaborator, askCollaborator } from './steps.js';
import { callModel, type Stage, type Turn, writeFinalResponse } from './trace.js';

/** Lets an agent answer a question, with everything that is below it. */
export function runTurn(stage: Stage, turn: Turn, options: Omit<OrchestrationOptions, 'ask'> = {}): Outcome {
  const { agent, question } = turn;
  if (options.progress) return orchestrate(stage, turn, { ...options, ask });
  if (agent.hasPreProcessing) preProcess(stage, turn);
  const routed = agent.routes ? route(stage, turn) : undefined;
  const outcome = routed ?? answer(stage, turn, options);
  if (outcome.kind !== 'answer' || !agent.hasPostProcessing) return outcome;
  return { ...outcome, text: postProcess(stage, turn, question, outcome.text) };
}

function answer(stage: Stage, turn: Turn, options: Omit<OrchestrationOptions, 'ask'>): Outcome {
  if (onlyLooksUp(turn.agent) && !options.pieces) return answerFromKnowledgeBases(stage, turn, ask);
  return orchestrate(stage, turn, { ...options, ask });
}

/** A failed collaborator answers with the reason, as a model would read it. */
const ask: AskCollaborator = (stage, parent, agent, text, traceId) => {
  const turnId = uuidOf([parent.id, traceId, agent.aliasArn]);
  const outcome = runTurn(stage, {
    id: turnId,
    agent,
    sessionId: uuidOf([parent.sessionId, agent.aliasArn]),
    callerChain: [...parent.callerChain, agent.aliasArn],
    collaboratorName: parent.collaboratorName ?? agent.name,
    question: text,
    history: [],
  });
  if (outcome.kind === 'answer') return { text: outcome.text, turnId };
  return { text: outcome.kind === 'failure' ? outcome.reason : '', turnId };
};

/** Gives the request to a collaborator if it is for exactly one. Returns undefined if it is not. */
function route(stage: Stage, turn: Turn): Outcome | undefined {
  const { agent, question } = turn;
  const start = stage.timeline.now();
  const traceId = `${turn.id}-routing-0`;
  const chosen = routeTo(agent, question);
  const agents = agent.collaborators.map(
    (collaborator) => `<agent id="${collaborator.agent.name}">${collaborator.instruction}</agent>`,
  );
  callModel(stage, turn, {
    kind: 'routingClassifierTrace',
    type: 'ROUTING_CLASSIFIER',
    traceId,
    prompt: JSON.stringify({
      system: '',
      messages: [{ content: `[{text=${agents.join(' ')} Last user request is: ${question}}]`, role: 'user' }],
    }),
    answer: { thinking: '', text: `<a>${chosen?.name ?? 'undecidable'}</a>` },
  });
  if (!chosen) return undefined;
  const { text } = askCollaborator(
    stage,
    turn,
    'routingClassifierTrace',
    { agent: chosen, text: question },
    traceId,
    ask,
  );
  writeFinalResponse(stage, turn, traceId, text, start);
  return { kind: 'answer', text, parts: [] };
}

function preProcess(stage: Stage, turn: Turn): void {
  const rationale = 'The agent can answer this question with its functions.';
  callModel(stage, turn, {
    kind: 'preProcessingTrace',
    type: 'PRE_PROCESSING',
    traceId: `${turn.id}-pre-0`,
    prompt: JSON.stringify({
      system: 'You are a classifying agent that filters user inputs into categories.',
      messages: [{ content: turn.question, role: 'user' }],
    }),
    answer: { thinking: rationale, text: '<category>D</category>' },
    parsed: { isValid: true, rationale },
  });
}

/** The text after the processing differs from the final response of the agent, as it can for a real agent. */
function postProcess(stage: Stage, turn: Turn, question: string, response: string): string {
  const text = `Thank you for your question. ${response}`;
  const model: ModelAnswer = { thinking: '', text: `<final_response>${text}</final_response>` };
  callModel(stage, turn, {
    kind: 'postProcessingTrace',
    type: 'POST_PROCESSING',
    traceId: `${turn.id}-post-0`,
    prompt: `${question}\n${response}`,
    answer: model,
    parsed: { text },
  });
  return text;
}
