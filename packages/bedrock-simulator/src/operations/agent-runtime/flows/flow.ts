import { uuidOf } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import { DISCLAIMER } from '../../../model/script.js';
import { countTokens } from '../../../model/tokens.js';
import type { StreamEvent } from '../../../types.js';
import { findAgent } from '../agents/shop.js';
import { createTimeline, type Timeline } from '../agents/timeline.js';
import { runTurn } from '../agents/turn.js';
import { groundedParts } from '../knowledge/grounded-answer.js';
import { searchDocuments } from '../knowledge/search.js';

export interface FlowRun {
  readonly traced: boolean;
  /** Replaces the output of the flow. */
  readonly text: string | undefined;
}

const PROMPT_MODEL = 'amazon.nova-lite-v1:0';
const NODE_MS = 4;
const MODEL_MS = 20;

/**
 * Runs the nodes of the simulator's flow: a knowledge base, an agent, a prompt, and a condition. A flow that asks ends
 * after its first node.
 */
export function runFlow(document: string, asks: boolean, { traced, text }: FlowRun): StreamEvent[] {
  const timeline = createTimeline(Date.now());
  const trace = (kind: string, nodeName: string, members: JsonObject) => {
    timeline.spend(NODE_MS);
    const timestamp = new Date(timeline.now()).toISOString();
    if (traced) timeline.add('flowTraceEvent', { trace: { [kind]: { nodeName, timestamp, ...members } } });
  };
  trace('nodeOutputTrace', 'FlowInputNode', { fields: [output('document', document)] });
  if (asks) {
    const content = { document: 'For which city?' };
    timeline.add('flowMultiTurnInputRequestEvent', { nodeName: 'AskCity', nodeType: 'AgentNode', content });
    timeline.add('flowCompletionEvent', { completionReason: 'INPUT_REQUIRED' });
    return timeline.events;
  }
  const quotes = groundedParts(document, searchDocuments(document))
    .map((part) => part.text)
    .join(' ');
  trace('nodeInputTrace', 'FindDocuments', { fields: [input('retrievalQuery', document)] });
  trace('nodeOutputTrace', 'FindDocuments', { fields: [output('outputText', quotes)] });

  trace('nodeInputTrace', 'AskAssistant', { fields: [input('agentInputText', document)] });
  const agent = askAgent(document, timeline);
  if (agent.traces.length > 0)
    trace('nodeDependencyTrace', 'AskAssistant', { traceElements: { agentTraces: agent.traces } });
  trace('nodeOutputTrace', 'AskAssistant', { fields: [output('agentResponse', agent.text)] });

  const prompt = `Write one answer from these: ${quotes} ${agent.text}`;
  const written = text ?? [quotes, agent.text].filter(Boolean).join(' ');
  trace('nodeInputTrace', 'WriteAnswer', { fields: [input('notes', prompt)] });
  timeline.spend(MODEL_MS);
  const usage = { inputTokens: countTokens(prompt), outputTokens: countTokens(written) };
  trace('nodeActionTrace', 'WriteAnswer', {
    requestId: uuidOf(prompt),
    serviceName: 'Bedrock',
    operationName: 'InvokeModel',
    operationRequest: { modelId: PROMPT_MODEL },
    operationResponse: { usage },
  });
  trace('nodeOutputTrace', 'WriteAnswer', { fields: [output('modelCompletion', written)] });
  trace('conditionNodeResultTrace', 'HasAnswer', { satisfiedConditions: [{ conditionName: 'default' }] });
  trace('nodeInputTrace', 'FlowOutputNode', { fields: [input('document', written)] });

  const content = { document: written };
  timeline.add('flowOutputEvent', { nodeName: 'FlowOutputNode', nodeType: 'FlowOutputNode', content });
  timeline.add('flowCompletionEvent', { completionReason: 'SUCCESS' });
  return timeline.events;
}

/** Lets an agent answer inside the flow, which takes its time. */
function askAgent(question: string, timeline: Timeline): { text: string; traces: readonly unknown[] } {
  const agent = { ...findAgent('SHOPAGENT1', 'SHOPALIAS1'), hasGuardrail: false, knowledgeBaseIds: [] };
  const own = createTimeline(timeline.now());
  const outcome = runTurn(
    { timeline: own, traced: true, files: [] },
    {
      id: uuidOf(['flow', question]),
      agent,
      sessionId: uuidOf(question),
      callerChain: [agent.aliasArn],
      collaboratorName: undefined,
      question,
      history: [],
    },
  );
  timeline.spend(own.now() - timeline.now());
  const traces = own.events.filter(({ type }) => type === 'trace').map(({ payload }) => payload);
  return { text: outcome.kind === 'answer' ? outcome.text : DISCLAIMER, traces };
}

function input(nodeInputName: string, document: string): JsonObject {
  return { nodeInputName, content: { document } };
}

function output(nodeOutputName: string, document: string): JsonObject {
  return { nodeOutputName, content: { document } };
}
