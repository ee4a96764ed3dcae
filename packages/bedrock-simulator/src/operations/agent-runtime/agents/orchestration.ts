import { digest } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import { composeTurn, DISCLAIMER, readable } from '../../../model/script.js';
import { type GroundedPart, groundedParts } from '../knowledge/grounded-answer.js';
import { searchDocuments } from '../knowledge/search.js';
import { type Exchange, promptOf, type ToolUse } from './model-call.js';
import { planSteps, type Step } from './plan.js';
import { type AskCollaborator, performStep, type StepResult } from './steps.js';
import { callModel, type Stage, type Turn, writeFinalResponse, writeTrace } from './trace.js';

/** What a turn has done so far. A turn that returns control goes on from here with the next request. */
export interface Progress {
  readonly steps: readonly Step[];
  readonly exchanges: readonly Exchange[];
  readonly results: readonly StepResult[];
}

export type Outcome =
  | { readonly kind: 'answer'; readonly text: string; readonly parts: readonly GroundedPart[] }
  | { readonly kind: 'control'; readonly invocationId: string; readonly step: Step; readonly progress: Progress }
  | { readonly kind: 'failure'; readonly reason: string; readonly resource: string; readonly traceId: string };

export interface OrchestrationOptions {
  readonly ask: AskCollaborator;
  /** Steps that are done. */
  readonly progress?: Progress;
  /** Number of the first trace id. */
  readonly first?: number;
  /** Sends the final answer while the model writes it. */
  readonly stream?: (text: string) => void;
  /** Texts that replace the final answer. */
  readonly pieces?: readonly string[] | undefined;
}

/** Lets the agent's model choose one step after the other, and then answer. */
export function orchestrate(stage: Stage, turn: Turn, options: OrchestrationOptions): Outcome {
  const { agent, question, history } = turn;
  const start = stage.timeline.now();
  const steps = options.progress?.steps ?? planSteps(agent, question);
  const exchanges = [...(options.progress?.exchanges ?? [])];
  const results = [...(options.progress?.results ?? [])];
  let number = options.first ?? 0;
  for (const step of steps.slice(results.length)) {
    const traceId = `${turn.id}-${number++}`;
    const answer = { thinking: thoughtOf(step), toolUse: toolUseOf(step, traceId) };
    const prompt = promptOf(agent, history, question, exchanges);
    callModel(stage, turn, { kind: 'orchestrationTrace', type: 'ORCHESTRATION', traceId, prompt, answer });
    writeTrace(stage, turn, 'orchestrationTrace', { rationale: { text: answer.thinking, traceId } });
    const result = performStep(stage, turn, step, traceId, options.ask);
    if (result.kind === 'failure') return result;
    if (result.kind === 'control')
      return { ...result, step, progress: { steps, exchanges: [...exchanges, { answer, result: '' }], results } };
    results.push(result);
    exchanges.push({ answer, result: result.text });
  }
  const traceId = `${turn.id}-${number}`;
  const thinking =
    steps.length > 0 ? 'I know everything that I need for the answer.' : 'I can answer without any tool.';
  const composed = options.pieces ? { text: options.pieces.join(''), parts: [] } : compose(turn, steps, results);
  callModel(stage, turn, {
    kind: 'orchestrationTrace',
    type: 'ORCHESTRATION',
    traceId,
    prompt: promptOf(agent, history, question, exchanges),
    answer: { thinking, text: composed.text },
    stream: () => options.stream?.(composed.text),
  });
  writeTrace(stage, turn, 'orchestrationTrace', { rationale: { text: thinking, traceId } });
  writeFinalResponse(stage, turn, traceId, composed.text, start);
  return { kind: 'answer', ...composed };
}

/** Answers from the knowledge bases alone, as the service does for an agent that has nothing else. */
export function answerFromKnowledgeBases(stage: Stage, turn: Turn, ask: AskCollaborator): Outcome {
  const start = stage.timeline.now();
  const steps = planSteps(turn.agent, turn.question);
  const results = steps.map((step) => performStep(stage, turn, step, `${turn.id}-0`, ask)).filter(isResult);
  const { text, parts } = compose(turn, steps, results);
  const prompt = `You answer questions with search results only.\n\n${results.map((result) => result.text).join('\n')}\n\n${turn.question}`;
  callModel(stage, turn, {
    kind: 'orchestrationTrace',
    type: 'KNOWLEDGE_BASE_RESPONSE_GENERATION',
    traceId: `${turn.id}-KB-null-0`,
    prompt,
    answer: { thinking: '', text },
  });
  writeFinalResponse(stage, turn, `${turn.id}-1`, text, start);
  return { kind: 'answer', text, parts };
}

function isResult(result: { readonly kind: string }): result is StepResult {
  return result.kind === 'result';
}

/** Answers with a sentence for each result. Quotes come first, so that their positions are known. */
function compose(turn: Turn, steps: readonly Step[], results: readonly StepResult[]) {
  const found = steps.some(({ kind }) => kind === 'lookup') ? searchDocuments(turn.question) : [];
  const parts = groundedParts(turn.question, found);
  const others = steps.flatMap((step, index) => {
    const result = results[index];
    return result && step.kind !== 'lookup' ? [sentenceOf(step, result.text)] : [];
  });
  const sentences = [...parts.map(({ text }) => text), ...others];
  if (sentences.length > 0) return { text: [...sentences, DISCLAIMER].join(' '), parts };
  return { text: chat(turn), parts };
}

function chat({ history, question }: Turn): string {
  const said = (role: string, text: string) => ({ role, text, toolCalls: [], toolResults: [] });
  const past = history.flatMap((turn) => [said('user', turn.question), said('assistant', turn.answer)]);
  const conversation = {
    prompt: [],
    messages: [...past, said('user', question)],
    tools: [],
    forceTool: false,
    maxTokens: undefined,
  };
  return composeTurn(conversation, '').text;
}

function sentenceOf(step: Step, text: string): string {
  const plain = readable(text).replace(DISCLAIMER, '').trim();
  if (step.kind === 'collaborator') return plain;
  return step.kind === 'code' ? `The result is ${plain}.` : `I found this: ${plain}.`;
}

function thoughtOf(step: Step): string {
  switch (step.kind) {
    case 'lookup':
      return 'The documents of the shop can answer a part of the question.';
    case 'action':
      return `I call ${step.action.tool.name} to answer the question.`;
    case 'code':
      return 'I calculate this with the code interpreter.';
    case 'collaborator':
      return `I ask ${step.agent.name}, because this is its field.`;
  }
}

/** Returns the tool call by which a model asks for the step, with the names that the service gives to its tools. */
function toolUseOf(step: Step, traceId: string): ToolUse {
  const id = `toolu_bdrk_${digest(traceId)}`;
  switch (step.kind) {
    case 'lookup':
      return use(id, `GET__x_amz_knowledgebase_${step.knowledgeBaseId}__Search`, { searchQuery: step.query });
    case 'action':
      return use(id, `${step.group.name}__${step.action.tool.name}`, step.input);
    case 'code':
      return use(id, 'codeinterpreteraction__execute', { code: step.code });
    case 'collaborator':
      return use(id, 'AgentCommunication__sendMessage', { recipient: step.agent.name, content: step.text });
  }
}

function use(id: string, name: string, input: JsonObject): ToolUse {
  return { id, name, input };
}
