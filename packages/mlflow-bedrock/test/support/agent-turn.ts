/** The events of one turn of an agent with a collaborator, as the service sends them. Names, ids and texts are invented. */

import { encodeEvent } from 'bedrock-simulator';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const CHEAP_MODEL = 'amazon.nova-lite-v1:0';
const SUPERVISOR_ARN = 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/HARBOUR001/ALIASMAIN1';
const COLLABORATOR_ARN = 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/TIDES00001/ALIASTIDE1';
const TURN = '11111111-2222-4333-8444-555555555555';
const INNER_TURN = '66666666-7777-4888-8999-000000000000';

/** What the trace adds up to. */
export const EXPECTED = {
  session: 'session-of-the-harbour',
  question: 'When can I sail, and is a berth free?',
  answer: 'High tide is at nine. Berth 4 is free.',
  usage: { input: 100 + 50 + 60 + 130, output: 20 + 10 + 15 + 30 },
  /** By span: the model, the input and the output tokens. */
  modelCalls: [
    [MODEL, 100, 20],
    [CHEAP_MODEL, 50, 10],
    [CHEAP_MODEL, 60, 15],
    [MODEL, 130, 30],
  ],
} as const;

/** What MLflow has of the trace as a whole. */
export const EXPECTED_INFO = {
  state: 'OK',
  sessionId: EXPECTED.session,
  requestPreview: EXPECTED.question,
  responsePreview: EXPECTED.answer,
  tokenUsage: {
    inputTokens: EXPECTED.usage.input,
    outputTokens: EXPECTED.usage.output,
    totalTokens: EXPECTED.usage.input + EXPECTED.usage.output,
  },
} as const;

export interface TurnOptions {
  /** When the service says that the turn began, in milliseconds of the epoch. */
  readonly start: number;
  /** What the clock of the service lies ahead after the middle of the turn, in milliseconds. */
  readonly jump?: number;
}

/** Returns the frames of the answer to InvokeAgent. */
export function agentTurn({ start, jump = 0 }: TurnOptions): Uint8Array[] {
  let now = start;
  const time = (): string => new Date(now).toISOString();
  /** The metadata of work that takes so long. */
  const work = (millis: number, others: object = {}): object => {
    const startTime = time();
    now += millis;
    return { startTime, endTime: time(), totalTimeMs: millis, ...others };
  };
  const pass = (millis: number): [] => {
    now += millis;
    return [];
  };
  const event = (kind: string, step: object, isInner = false): Uint8Array =>
    encodeEvent({
      type: 'trace',
      payload: {
        sessionId: EXPECTED.session,
        agentId: isInner ? 'TIDES00001' : 'HARBOUR001',
        agentAliasId: isInner ? 'ALIASTIDE1' : 'ALIASMAIN1',
        agentVersion: '3',
        callerChain: [SUPERVISOR_ARN, ...(isInner ? [COLLABORATOR_ARN] : [])].map((agentAliasArn) => ({
          agentAliasArn,
        })),
        ...(isInner ? { collaboratorName: 'tides' } : {}),
        eventTime: time(),
        trace: { [kind]: step },
      },
    });
  const orchestration = (step: object, isInner = false): Uint8Array => event('orchestrationTrace', step, isInner);
  const modelCall = (call: {
    turn: string;
    at: number;
    model: string;
    asked: string;
    said: string;
    usage: readonly [number, number];
  }): Uint8Array[] => {
    const traceId = `${call.turn}-${call.at}`;
    const isInner = call.turn === INNER_TURN;
    const text = JSON.stringify({ system: 'Help sailors.', messages: [{ role: 'user', content: call.asked }] });
    const input = orchestration(
      { modelInvocationInput: { traceId, type: 'ORCHESTRATION', foundationModel: call.model, text } },
      isInner,
    );
    const [inputTokens, outputTokens] = call.usage;
    const metadata = work(1500, { usage: { inputTokens, outputTokens } });
    const output = { traceId, rawResponse: { content: call.said }, metadata };
    return [input, orchestration({ modelInvocationOutput: output }, isInner)];
  };
  const guardrail = (where: 'pre' | 'post'): Uint8Array =>
    event('guardrailTrace', {
      traceId: `${TURN}-guardrail-${where}-0`,
      action: 'NONE',
      [where === 'pre' ? 'inputAssessments' : 'outputAssessments']: [{}],
      metadata: work(50),
    });
  const first = `${TURN}-0`;
  const inner = `${INNER_TURN}-0`;
  const last = `${TURN}-1`;
  return [
    guardrail('pre'),
    ...modelCall({ turn: TURN, at: 0, model: MODEL, asked: EXPECTED.question, said: 'Ask tides.', usage: [100, 20] }),
    orchestration({ rationale: { traceId: first, text: 'The tides decide.' } }),
    orchestration({
      invocationInput: {
        traceId: first,
        invocationType: 'AGENT_COLLABORATOR',
        agentCollaboratorInvocationInput: {
          agentCollaboratorName: 'tides',
          agentCollaboratorAliasArn: COLLABORATOR_ARN,
          input: { type: 'TEXT', text: 'When is high tide?' },
        },
      },
    }),
    ...modelCall({
      turn: INNER_TURN,
      at: 0,
      model: CHEAP_MODEL,
      asked: 'When is high tide?',
      said: 'Look it up.',
      usage: [50, 10],
    }),
    orchestration(
      {
        invocationInput: {
          traceId: inner,
          invocationType: 'KNOWLEDGE_BASE',
          knowledgeBaseLookupInput: { knowledgeBaseId: 'KBTIDES001', text: 'high tide' },
        },
      },
      true,
    ),
    orchestration(
      {
        observation: {
          traceId: inner,
          type: 'KNOWLEDGE_BASE',
          knowledgeBaseLookupOutput: {
            retrievedReferences: [
              {
                content: { text: 'High tide is at nine.', type: 'TEXT' },
                location: { type: 'S3', s3Location: { uri: 's3://harbour/tides.txt' } },
                metadata: { year: 2026 },
              },
            ],
            metadata: work(400),
          },
        },
      },
      true,
    ),
    ...modelCall({
      turn: INNER_TURN,
      at: 1,
      model: CHEAP_MODEL,
      asked: 'High tide is at nine.',
      said: 'At nine.',
      usage: [60, 15],
    }),
    orchestration(
      { observation: { traceId: `${INNER_TURN}-1`, type: 'FINISH', finalResponse: { text: 'At nine.' } } },
      true,
    ),
    orchestration({
      observation: {
        traceId: first,
        type: 'AGENT_COLLABORATOR',
        agentCollaboratorInvocationOutput: {
          agentCollaboratorName: 'tides',
          agentCollaboratorAliasArn: COLLABORATOR_ARN,
          output: { type: 'TEXT', text: 'At nine.' },
          metadata: { clientRequestId: INNER_TURN },
        },
      },
    }),
    ...pass(jump),
    orchestration({
      invocationInput: {
        traceId: first,
        invocationType: 'ACTION_GROUP',
        actionGroupInvocationInput: {
          actionGroupName: 'berths',
          function: 'find_berth',
          parameters: [{ name: 'length', type: 'number', value: '9' }],
          executionType: 'LAMBDA',
        },
      },
    }),
    orchestration({
      observation: {
        traceId: first,
        type: 'ACTION_GROUP',
        actionGroupInvocationOutput: { text: '{"berth":4}', metadata: work(250) },
      },
    }),
    ...modelCall({ turn: TURN, at: 1, model: MODEL, asked: 'Berth 4', said: 'Tide and berth.', usage: [130, 30] }),
    orchestration({ observation: { traceId: last, type: 'FINISH', finalResponse: { text: EXPECTED.answer } } }),
    guardrail('post'),
    encodeEvent({ type: 'chunk', payload: { bytes: Buffer.from(EXPECTED.answer).toString('base64') } }),
  ];
}
