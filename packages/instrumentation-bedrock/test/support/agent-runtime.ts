/** Calls of agents through the real SDK client, and what an application sees of them. */

import {
  type BedrockAgentRuntimeClient,
  type BedrockAgentRuntimeClientConfig,
  InvokeAgentCommand,
  type InvokeAgentCommandInput,
  InvokeInlineAgentCommand,
  type InvokeInlineAgentCommandInput,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { http1Handler } from './compare.js';
import { type AgentRuntimeRecording, readAgentRuntimeRecordings } from './knowledge-base.js';

/** A model call that the trace of a recording has, as a part of the recording's `expected`. */
interface ExpectedModelCall {
  readonly input_step: number | null;
  readonly output_step: number | null;
  readonly trace_id: string;
  readonly prompt_type: string | null;
  readonly model: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly caller_depth: number;
}

/** An action, a lookup or a call of a collaborator. */
export interface ExpectedAction {
  readonly input_step: number | null;
  readonly output_step: number | null;
  readonly trace_id: string;
  readonly target: 'actionGroup' | 'agentCollaborator' | 'codeInterpreter' | 'knowledgeBase';
  readonly name: string | null;
  readonly caller_depth: number;
  readonly child_trace_prefix: string | null;
}

export interface ExpectedStep {
  readonly type: string;
  readonly trace: string;
  readonly trace_id: string;
  readonly event_time: string;
  readonly caller_depth: number;
  readonly start_time?: string | null;
  readonly end_time?: string | null;
  readonly [member: string]: unknown;
}

/** A recording of InvokeAgent or InvokeInlineAgent. */
export interface AgentRecording extends AgentRuntimeRecording {
  readonly modelId: string | null;
  readonly expected: AgentRuntimeRecording['expected'] & {
    readonly event_counts: Readonly<Record<string, number>>;
    readonly steps: readonly ExpectedStep[];
    readonly model_calls: readonly ExpectedModelCall[];
    readonly actions: readonly ExpectedAction[];
    readonly usage_sum: {
      readonly model_calls: number;
      readonly input_tokens: number;
      readonly output_tokens: number;
    } | null;
    readonly return_control: object | null;
    readonly files: readonly { readonly name: string; readonly type: string; readonly size: number }[];
    readonly complete: boolean;
  };
}

/** Undefined if the recordings are not beside this checkout. */
export function readAgentRecordings(): AgentRecording[] | undefined {
  return readAgentRuntimeRecordings(['InvokeAgent', 'InvokeInlineAgent']) as AgentRecording[] | undefined;
}

/** What the application receives: the output without its stream, the events, and the error. */
export interface AgentView {
  readonly output?: object;
  readonly events: readonly object[];
  readonly error?: { readonly name: string; readonly message: string; readonly type: unknown };
}

type AgentCommand = InvokeAgentCommand | InvokeInlineAgentCommand;

/** Sends a command and reads its stream to the end. */
export async function readAgent(client: BedrockAgentRuntimeClient, command: AgentCommand): Promise<AgentView> {
  const events: object[] = [];
  try {
    const { completion, ...output } = await client.send(command as InvokeAgentCommand);
    for await (const event of completion ?? []) events.push(event);
    // Request ids differ between two calls.
    const { requestId, ...$metadata } = output.$metadata;
    return { output: { ...output, $metadata }, events };
  } catch (error) {
    const { name, message, constructor: type } = error as Error;
    return { error: { name, message, type }, events };
  }
}

/** Returns the command that made the request of a recording. */
export function recordedCommand({ operation, request }: AgentRecording): AgentCommand {
  const [agentId, agentAliasId, sessionId] =
    /^\/agents\/([^/]+)(?:\/agentAliases\/([^/]+)\/sessions\/([^/]+)\/text)?$/.exec(request.path)?.slice(1) ?? [];
  if (operation === 'InvokeAgent') {
    return new InvokeAgentCommand({ ...request.body, agentId, agentAliasId, sessionId } as InvokeAgentCommandInput);
  }
  return new InvokeInlineAgentCommand({ ...request.body, sessionId: agentId } as InvokeInlineAgentCommandInput);
}

/** The settings of a client by the version of HTTP that it speaks. */
export const TRANSPORTS: Readonly<Record<string, () => BedrockAgentRuntimeClientConfig>> = {
  'HTTP/2': () => ({}),
  'HTTP/1.1': () => ({ requestHandler: http1Handler().requestHandler }) as BedrockAgentRuntimeClientConfig,
};
