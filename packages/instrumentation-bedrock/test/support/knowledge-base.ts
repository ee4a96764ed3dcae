/** A client of the agent runtime whose answers the test writes; everything else is real. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { BedrockAgentRuntimeClient, type BedrockAgentRuntimeClientConfig } from '@aws-sdk/client-bedrock-agent-runtime';
import type { SimulatedResponse } from 'bedrock-simulator';
import { beforeEachServiceTest, CLIENT_CONFIG, type ServiceTest } from './service.js';

const RECORDINGS = new URL('../../../../../shared/fixtures/agent-runtime/', import.meta.url);

export interface AgentRuntime extends ServiceTest {
  readonly client: BedrockAgentRuntimeClient;
}

export function createAgentRuntimeClient(
  endpoint: string,
  config: BedrockAgentRuntimeClientConfig = {},
): BedrockAgentRuntimeClient {
  return new BedrockAgentRuntimeClient({ ...CLIENT_CONFIG, endpoint, ...config });
}

export function beforeEachAgentRuntimeTest(begin: (parts: AgentRuntime) => void): void {
  beforeEachServiceTest((endpoint) => ({ client: createAgentRuntimeClient(endpoint) }), begin);
}

/** An exchange as the recordings beside the repository have it. */
export interface AgentRuntimeRecording {
  readonly id: string;
  readonly operation: string;
  readonly request: { readonly path: string; readonly body: Record<string, unknown> };
  readonly response: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body: unknown;
  };
  readonly responseBodyBase64?: string;
  readonly expected: {
    readonly text: string | null;
    readonly citations: number;
    readonly retrieved_references: number;
    readonly guardrail_action: string | null;
    readonly session_id: string | null;
    readonly retrieval: { readonly scores: readonly (number | null)[] } | null;
    readonly rerank: readonly { readonly index: number; readonly score: number }[] | null;
    readonly flow: {
      readonly execution_id: string;
      readonly completion_reason: string;
      readonly outputs: readonly { readonly node: string; readonly document: unknown }[];
      readonly traces: readonly { readonly node: string }[];
    } | null;
    readonly error: { readonly type: string; readonly message: string; readonly in_stream: boolean } | null;
  };
}

/** The recordings of some operations; undefined if the recordings are not beside this checkout. */
export function readAgentRuntimeRecordings(operations: readonly string[]): AgentRuntimeRecording[] | undefined {
  if (!existsSync(RECORDINGS)) return undefined;
  return ['', 'synthetic/']
    .flatMap((folder) =>
      readdirSync(new URL(folder, RECORDINGS)).map((name) => new URL(`${folder}${name}`, RECORDINGS)),
    )
    .filter(({ pathname }) => pathname.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as AgentRuntimeRecording)
    .filter(({ operation }) => operations.includes(operation));
}

/** Answers as the recording does, byte for byte. */
export function replayed({ response, responseBodyBase64 }: AgentRuntimeRecording): SimulatedResponse {
  const { status, headers, body } = response;
  if (responseBodyBase64 === undefined) return { status, headers, body };
  return { status, headers, events: [Buffer.from(responseBodyBase64, 'base64')] };
}

/** All that an application sees of a call: the output with its events, or the error, without what differs between calls. */
export async function outcomeOf(call: () => Promise<object>): Promise<unknown> {
  const events: unknown[] = [];
  try {
    const { $metadata, ...output } = (await call()) as { $metadata?: { requestId?: string } };
    const members: Record<string, unknown> = { ...output };
    for (const [name, member] of Object.entries(output)) {
      const stream = member as AsyncIterable<unknown> | undefined;
      if (typeof stream?.[Symbol.asyncIterator] !== 'function') continue;
      delete members[name];
      for await (const event of stream) events.push(event);
    }
    return { ...members, $metadata: { ...$metadata, requestId: undefined }, events };
  } catch (error) {
    const { name, message, constructor: type } = error as Error;
    return { error: { name, message, type }, events };
  }
}
