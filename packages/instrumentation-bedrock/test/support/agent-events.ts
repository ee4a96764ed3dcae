/** Invented events of an agent's stream, as the service sends them. */

import type { StreamEvent } from 'bedrock-simulator';

type Json = Record<string, unknown>;

/** The agents of the tests. The first one is called by the application. */
export const AGENTS = {
  hive: alias('HIVE000001', 'HIVEALIAS1'),
  weather: alias('WEATHER001', 'WEATHERAL1'),
  maps: alias('MAPS000001', 'MAPSALIAS1'),
} as const;

export function alias(agentId: string, aliasId: string): string {
  return `arn:aws:bedrock:eu-west-1:123456789012:agent-alias/${agentId}/${aliasId}`;
}

/** Returns the id of a turn, which has 36 characters. */
export function turn(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** Returns a time of the service, in milliseconds after 2026-05-04T08:00:00Z. */
export function at(millis: number): string {
  return `${new Date(Date.UTC(2026, 4, 4, 8) + millis).toISOString().slice(0, -1)}123456Z`;
}

export function metadata(start: number, end: number, others: Json = {}): Json {
  return { startTime: at(start), endTime: at(end), totalTimeMs: end - start, ...others };
}

interface Origin {
  /** The agents that called each other. Default: the first one alone. */
  readonly chain?: readonly string[];
  /** Of the event, in milliseconds. */
  readonly time?: number;
  readonly kind?: string;
  readonly collaboratorName?: string;
  readonly sessionId?: string;
}

/** Makes a trace event of one step. */
export function trace(step: Json, origin: Origin = {}): StreamEvent {
  const { chain = [AGENTS.hive], time = 0, kind = 'orchestrationTrace', collaboratorName, sessionId = 's-1' } = origin;
  const [, agentId, agentAliasId] = /agent-alias\/(.+)\/(.+)$/.exec(chain.at(-1) ?? '') ?? [];
  const payload = {
    agentId,
    agentAliasId,
    agentVersion: '7',
    sessionId,
    callerChain: chain.map((agentAliasArn) => ({ agentAliasArn })),
    ...(collaboratorName === undefined ? {} : { collaboratorName }),
    eventTime: at(time),
    trace: { [kind]: step },
  };
  return { type: 'trace', payload };
}

interface ModelCallParts {
  readonly text?: string;
  readonly answer?: string;
  readonly start?: number;
  readonly end?: number;
  readonly input?: number;
  readonly output?: number;
  readonly others?: Json;
}

const PROMPT = JSON.stringify({
  system: 'You keep bees.',
  messages: [{ role: 'user', content: 'Is it time to swarm?' }],
});

export function modelInput(
  traceId: string,
  { text = PROMPT, start = 100, others }: ModelCallParts = {},
  origin: Origin = {},
): StreamEvent {
  const modelInvocationInput = {
    traceId,
    text,
    type: 'ORCHESTRATION',
    foundationModel: 'amazon.nova-lite-v1:0',
    inferenceConfiguration: {
      __type: 'x#InferenceConfiguration',
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maximumLength: 300,
      stopSequences: ['</answer>'],
    },
    ...others,
  };
  return trace({ modelInvocationInput }, { time: start, ...origin });
}

export function modelOutput(
  traceId: string,
  { answer = '<answer>Yes', start = 100, end = 400, input = 30, output = 7, others }: ModelCallParts = {},
  origin: Origin = {},
): StreamEvent {
  const modelInvocationOutput = {
    traceId,
    rawResponse: { content: answer },
    metadata: metadata(start, end, { clientRequestId: turn(900), usage: { inputTokens: input, outputTokens: output } }),
    ...others,
  };
  return trace({ modelInvocationOutput }, { time: end, ...origin });
}

export function rationale(traceId: string, text: string, origin: Origin = {}): StreamEvent {
  return trace({ rationale: { traceId, text } }, origin);
}

export function invocation(traceId: string, input: Json, origin: Origin = {}): StreamEvent {
  return trace({ invocationInput: { traceId, ...input } }, origin);
}

export function observation(traceId: string, output: Json, origin: Origin = {}): StreamEvent {
  return trace({ observation: { traceId, ...output } }, origin);
}

export function action(traceId: string, others: Json = {}, origin: Origin = {}): StreamEvent {
  const actionGroupInvocationInput = {
    actionGroupName: 'hives',
    function: 'open_hive',
    executionType: 'LAMBDA',
    parameters: [{ name: 'hive', type: 'number', value: '12' }],
    ...others,
  };
  return invocation(traceId, { invocationType: 'ACTION_GROUP', actionGroupInvocationInput }, origin);
}

export function actionResult(
  traceId: string,
  text: string,
  [start, end]: readonly [number, number],
  origin: Origin = {},
): StreamEvent {
  const actionGroupInvocationOutput = { text, metadata: metadata(start, end) };
  return observation(traceId, { type: 'ACTION_GROUP', actionGroupInvocationOutput }, { time: end, ...origin });
}

/** @param called the alias of the collaborator. */
export function callCollaborator(
  traceId: string,
  name: string,
  called: string,
  text: string,
  origin: Origin = {},
): StreamEvent {
  const agentCollaboratorInvocationInput = {
    agentCollaboratorName: name,
    agentCollaboratorAliasArn: called,
    input: { type: 'TEXT', text },
  };
  return invocation(traceId, { invocationType: 'AGENT_COLLABORATOR', agentCollaboratorInvocationInput }, origin);
}

/** @param turnId the turn of the collaborator. */
export function collaboratorResult(
  traceId: string,
  {
    name,
    called,
    text,
    turnId,
    times: [start, end],
  }: { name: string; called: string; text: string; turnId: string; times: readonly [number, number] },
  origin: Origin = {},
): StreamEvent {
  const agentCollaboratorInvocationOutput = {
    agentCollaboratorName: name,
    agentCollaboratorAliasArn: called,
    output: { type: 'TEXT', text },
    metadata: metadata(start, end, { clientRequestId: turnId }),
  };
  return observation(
    traceId,
    { type: 'AGENT_COLLABORATOR', agentCollaboratorInvocationOutput },
    { time: end, ...origin },
  );
}

export function finish(
  traceId: string,
  text: string,
  [start, end]: readonly [number, number],
  origin: Origin = {},
): StreamEvent {
  const finalResponse = { text, metadata: metadata(start, end) };
  return observation(traceId, { type: 'FINISH', finalResponse }, { time: end, ...origin });
}

export function guardrail(
  traceId: string,
  action: 'NONE' | 'INTERVENED',
  others: Json,
  [start, end]: readonly [number, number],
): StreamEvent {
  const check = { traceId, action, metadata: metadata(start, end, { clientRequestId: turn(901) }), ...others };
  return trace(check, { kind: 'guardrailTrace', time: end });
}

export function failure(traceId: string, others: Json = {}): StreamEvent {
  const failed = {
    traceId,
    failureCode: 424,
    failureReason: 'The hive did not answer.',
    metadata: metadata(0, 900),
    ...others,
  };
  return trace(failed, { kind: 'failureTrace', time: 900 });
}

export function chunk(text: string, attribution?: Json): StreamEvent {
  const bytes = Buffer.from(text).toString('base64');
  return { type: 'chunk', payload: { bytes, ...(attribution && { attribution }) } };
}
