import {
  BedrockAgentRuntimeClient,
  type BedrockAgentRuntimeClientConfig,
  InvokeAgentCommand,
  type InvokeAgentCommandInput,
  type ResponseStream,
  type TracePart,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { clientConfig, type HttpVersion, keepForClosing } from './support.js';

/** Returns a real client without retries. */
export function agentClient(
  endpoint: string,
  version: HttpVersion = '2.0',
  config: BedrockAgentRuntimeClientConfig = {},
): BedrockAgentRuntimeClient {
  return keepForClosing(new BedrockAgentRuntimeClient({ ...clientConfig(endpoint, version), ...config }));
}

/** What an application reads from the stream of an agent. */
export interface AgentAnswer {
  readonly text: string;
  readonly events: readonly ResponseStream[];
  /** One line per trace event, indented by the depth of the agent: kind, step, end of the trace id. */
  readonly outline: readonly string[];
  readonly error: (Error & { resourceName?: string }) | undefined;
  readonly requestId: string | undefined;
}

const AGENT = { agentId: 'SHOPAGENT1', agentAliasId: 'SHOPALIAS1', sessionId: 'session', enableTrace: true };

/** Asks an agent, with traces, and reads its stream to the end or to its failure. */
export async function ask(
  client: BedrockAgentRuntimeClient,
  inputText: string,
  input: Partial<InvokeAgentCommandInput> = {},
): Promise<AgentAnswer> {
  const { completion, $metadata } = await client.send(new InvokeAgentCommand({ ...AGENT, inputText, ...input }));
  return { ...(await readAgent(completion)), requestId: $metadata.requestId };
}

export async function readAgent(
  completion: AsyncIterable<ResponseStream> | undefined,
): Promise<Omit<AgentAnswer, 'requestId'>> {
  const events: ResponseStream[] = [];
  let error: Error | undefined;
  try {
    for await (const event of completion ?? []) events.push(event);
  } catch (thrown) {
    error = thrown as Error;
  }
  const text = Buffer.concat(events.map(({ chunk }) => chunk?.bytes ?? new Uint8Array())).toString('utf8');
  return { text, events, outline: events.flatMap(({ trace }) => (trace ? [lineOf(trace)] : [])), error };
}

interface ModelCallFacts {
  readonly depth: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly start: number;
  readonly end: number;
}

/** Returns the figures of the model calls, in the order of their traces. */
export function modelCalls({ events }: Pick<AgentAnswer, 'events'>): ModelCallFacts[] {
  return events.flatMap(({ trace }) => {
    const [step] = Object.values(trace?.trace ?? {}) as { modelInvocationOutput?: ModelOutput }[];
    const { metadata } = step?.modelInvocationOutput ?? {};
    if (!metadata) return [];
    return {
      depth: trace?.callerChain?.length ?? 0,
      inputTokens: metadata.usage?.inputTokens ?? 0,
      outputTokens: metadata.usage?.outputTokens ?? 0,
      start: Number(metadata.startTime),
      end: Number(metadata.endTime),
    };
  });
}

interface ModelOutput {
  readonly metadata?: {
    readonly usage?: { readonly inputTokens?: number; readonly outputTokens?: number };
    readonly startTime?: Date;
    readonly endTime?: Date;
  };
}

function lineOf({ trace, callerChain }: TracePart): string {
  const [[kind, step] = ['', {}]] = Object.entries((trace ?? {}) as Record<string, Record<string, unknown>>);
  const [name, value] = Object.entries(step).find(([, member]) => typeof member === 'object') ?? ['', {}];
  const { traceId = step['traceId'], type, invocationType } = value as Record<string, string | undefined>;
  const detail = [type, invocationType, step['action']].filter(Boolean).join(' ');
  const label = kind === 'guardrailTrace' || kind === 'failureTrace' ? kind : `${kind} ${name}`;
  const id = String(traceId).replace(/^.{36}-/, '');
  return `${'  '.repeat((callerChain?.length ?? 1) - 1)}${label} ${id}${detail && ` ${detail}`}`;
}

/** The traces of one step: the model asks for it, then it runs. */
export function step(number: number, type: string, inside: readonly string[] = []): string[] {
  return [
    `orchestrationTrace modelInvocationInput ${number} ORCHESTRATION`,
    `orchestrationTrace modelInvocationOutput ${number}`,
    `orchestrationTrace rationale ${number}`,
    `orchestrationTrace invocationInput ${number} ${type}`,
    ...inside.map((line) => `  ${line}`),
    `orchestrationTrace observation ${number} ${type}`,
  ];
}

/** The traces of the final answer. */
export function last(number: number): string[] {
  return [
    `orchestrationTrace modelInvocationInput ${number} ORCHESTRATION`,
    `orchestrationTrace modelInvocationOutput ${number}`,
    `orchestrationTrace rationale ${number}`,
    `orchestrationTrace observation ${number} FINISH`,
  ];
}
