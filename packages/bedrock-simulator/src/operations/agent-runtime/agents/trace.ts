import { uuidOf } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import type { Agent } from './agent.js';
import {
  inferenceConfiguration,
  type ModelAnswer,
  type ModelUsage,
  type PastTurn,
  rawResponse,
  usageOf,
} from './model-call.js';
import { type Timeline, toTime } from './timeline.js';

/** The answer of one agent to one question. A collaborator's turn is inside the turn of its supervisor. */
export interface Turn {
  /** Begins the trace ids of the turn's steps. For the outermost agent it is the request id, too. */
  readonly id: string;
  readonly agent: Agent;
  readonly sessionId: string;
  /** Alias ARNs from the outermost agent to this one. */
  readonly callerChain: readonly string[];
  /** The collaborator of the outermost agent that this turn is below, at any depth. */
  readonly collaboratorName: string | undefined;
  readonly question: string;
  /** Earlier turns of the session. */
  readonly history: readonly PastTurn[];
}

/** What the turns of one request share. */
export interface Stage {
  readonly timeline: Timeline;
  /** False unless the request enables traces. Time passes either way. */
  readonly traced: boolean;
  /** Names of files that the code interpreter writes. */
  readonly files: string[];
}

export type TraceKind =
  | 'orchestrationTrace'
  | 'preProcessingTrace'
  | 'postProcessingTrace'
  | 'routingClassifierTrace'
  | 'guardrailTrace'
  | 'failureTrace';

type PromptType =
  | 'ORCHESTRATION'
  | 'PRE_PROCESSING'
  | 'POST_PROCESSING'
  | 'ROUTING_CLASSIFIER'
  | 'KNOWLEDGE_BASE_RESPONSE_GENERATION';

export function writeTrace({ timeline, traced }: Stage, turn: Turn, kind: TraceKind, step: JsonObject): void {
  if (!traced) return;
  const { id, aliasId, version } = turn.agent;
  timeline.add('trace', {
    ...(id === undefined ? {} : { agentId: id, agentAliasId: aliasId, agentVersion: version }),
    callerChain: turn.callerChain.map((agentAliasArn) => ({ agentAliasArn })),
    ...(turn.collaboratorName === undefined ? {} : { collaboratorName: turn.collaboratorName }),
    eventTime: toTime(timeline.now()),
    sessionId: turn.sessionId,
    trace: { [kind]: step },
  });
}

interface ModelCall {
  readonly kind: TraceKind;
  readonly type: PromptType;
  readonly traceId: string;
  readonly prompt: string;
  readonly answer: ModelAnswer;
  /** What the service has parsed from the answer. */
  readonly parsed?: JsonObject;
  /** Sends the answer while the model writes it. */
  readonly stream?: () => void;
}

/** Milliseconds of a model call: some until the first token, and some for each token. */
const FIRST_TOKEN_MS = 15;
const TOKEN_MS = 0.2;

/** Writes input and output of a call of the agent's model, which takes time. */
export function callModel(stage: Stage, turn: Turn, call: ModelCall): ModelUsage {
  const { kind, type, traceId, prompt, answer, parsed } = call;
  const { model } = turn.agent;
  // The service hides the model that writes the answer from a knowledge base, and the prompt of the post-processing.
  const foundationModel = type === 'KNOWLEDGE_BASE_RESPONSE_GENERATION' ? {} : { foundationModel: model };
  const text = type === 'POST_PROCESSING' ? '' : prompt;
  writeTrace(stage, turn, kind, {
    modelInvocationInput: {
      ...foundationModel,
      inferenceConfiguration: inferenceConfiguration(),
      text,
      traceId,
      // The service leaves the type out here.
      ...(type === 'PRE_PROCESSING' ? {} : { type }),
    },
  });
  const usage = usageOf(prompt, answer);
  const begin = stage.timeline.now();
  call.stream?.();
  const rest = FIRST_TOKEN_MS + Math.round(TOKEN_MS * usage.outputTokens);
  stage.timeline.spend(Math.max(0, rest - (stage.timeline.now() - begin)));
  const end = stage.timeline.now();
  writeTrace(stage, turn, kind, {
    modelInvocationOutput: {
      metadata: {
        clientRequestId: uuidOf([traceId, type, prompt]),
        startTime: toTime(begin),
        endTime: toTime(end),
        totalTimeMs: end - begin,
        usage,
      },
      ...(parsed === undefined ? {} : { parsedResponse: parsed }),
      rawResponse: { content: rawResponse(model, answer, usage) },
      traceId,
    },
  });
  return usage;
}

/** Writes the last step of a turn. */
export function writeFinalResponse(stage: Stage, turn: Turn, traceId: string, text: string, start: number): void {
  const kind = traceId.endsWith('-routing-0') ? 'routingClassifierTrace' : 'orchestrationTrace';
  const end = stage.timeline.now();
  const metadata = { startTime: toTime(start), endTime: toTime(end), operationTotalTimeMs: end - start };
  writeTrace(stage, turn, kind, { observation: { finalResponse: { metadata, text }, traceId, type: 'FINISH' } });
}
