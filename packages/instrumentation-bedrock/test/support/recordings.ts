/** The recorded exchanges beside the repository, read in place. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  ApplyGuardrailCommand,
  type ApplyGuardrailCommandInput,
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamCommandInput,
  CountTokensCommand,
  type CountTokensCommandInput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { Exchange } from 'bedrock-simulator';
import { collect } from './tracing.js';

const SHARED = new URL('../../../../../shared/', import.meta.url);

export interface ToolCall {
  readonly name: string;
  readonly id: string | null;
  readonly arguments: unknown;
}

export interface Expected {
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cache_read_input_tokens: number | null;
  readonly cache_creation_input_tokens: number | null;
  readonly finish_reasons: readonly string[];
  readonly text: string | null;
  readonly choices: readonly { readonly text: string }[] | null;
  readonly embeddings: { readonly count: number; readonly dimensions: number } | null;
  readonly tool_calls: readonly ToolCall[];
  readonly reasoning: string | null;
  readonly response_model: string | null;
  readonly response_id: string | null;
  readonly error: { readonly type: string; readonly message: string; readonly in_stream: boolean } | null;
}

export interface Recording extends Exchange {
  readonly family: string;
  readonly request: { readonly path: string; readonly headers: Record<string, string>; readonly body: unknown };
  readonly response: { readonly status: number; readonly headers: Record<string, string>; readonly body: unknown };
  readonly expected: Expected;
}

/** Recordings of a folder, or undefined when the recordings are not beside this checkout. */
export function readRecordings(folder: 'exchanges' | 'synthetic'): Recording[] | undefined {
  const directory = new URL(`fixtures/${folder}/`, SHARED);
  if (!existsSync(directory)) return undefined;
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Recording);
}

/** What the application receives of a call: the output, its stream drained, or the error. */
export interface ApplicationView {
  readonly output?: unknown;
  readonly events?: readonly unknown[];
  readonly error?: { readonly name: string; readonly message: string; readonly type: unknown };
}

/** Makes the recorded call through the SDK client and returns everything an application would see. */
export async function call(client: BedrockRuntimeClient, recording: Recording): Promise<ApplicationView> {
  const events: unknown[] = [];
  try {
    switch (recording.operation) {
      case 'Converse':
        return { output: await client.send(new ConverseCommand(converseInput(recording))) };
      case 'ConverseStream': {
        const { stream, ...output } = await client.send(new ConverseStreamCommand(converseInput(recording)));
        for await (const event of stream ?? []) events.push(event);
        return { output, events };
      }
      case 'InvokeModel': {
        const { body, ...output } = await client.send(new InvokeModelCommand(invokeInput(recording)));
        return { output: { ...output, body: Buffer.from(body).toString('base64') } };
      }
      case 'InvokeModelWithResponseStream': {
        const { body, ...output } = await client.send(new InvokeModelWithResponseStreamCommand(invokeInput(recording)));
        events.push(...(await collect(body)));
        return { output, events };
      }
      case 'CountTokens':
        return { output: await client.send(new CountTokensCommand(countTokensInput(recording))) };
      case 'ApplyGuardrail':
        return { output: await client.send(new ApplyGuardrailCommand(applyGuardrailInput(recording))) };
      default:
        throw new TypeError(`no call for ${recording.operation}`);
    }
  } catch (error) {
    if (error instanceof TypeError) throw error;
    const { name, message, constructor: type } = error as Error;
    return { error: { name, message, type }, ...(events.length > 0 ? { events } : {}) };
  }
}

function invokeInput({ modelId, request }: Recording): { modelId: string; body: string; contentType: string } {
  return { modelId: modelId ?? '', body: JSON.stringify(request.body ?? {}), contentType: 'application/json' };
}

function converseInput({ modelId, request }: Recording): ConverseStreamCommandInput {
  const body = withBytes(request.body ?? {}, undefined) as Partial<ConverseStreamCommandInput>;
  return { ...body, modelId: modelId ?? '' };
}

function countTokensInput({ modelId, request }: Recording): CountTokensCommandInput {
  const { input } = request.body as { input: { invokeModel?: { body: string } } };
  const { invokeModel } = input;
  const converted = invokeModel
    ? { invokeModel: { body: Buffer.from(invokeModel.body, 'base64') } }
    : withBytes(input, undefined);
  return { modelId: modelId ?? '', input: converted } as CountTokensCommandInput;
}

function applyGuardrailInput({ request }: Recording): ApplyGuardrailCommandInput {
  const [, guardrailIdentifier, guardrailVersion] = /guardrail\/([^/]+)\/version\/([^/]+)/.exec(request.path) ?? [];
  return { ...(request.body as ApplyGuardrailCommandInput), guardrailIdentifier, guardrailVersion };
}

/** The wire has base64 text where the SDK's input has bytes. */
function withBytes(value: unknown, key: string | undefined): unknown {
  if (key === 'input' || key === 'json' || key === 'additionalModelRequestFields') return value;
  if ((key === 'bytes' || key === 'redactedContent') && typeof value === 'string') return Buffer.from(value, 'base64');
  if (Array.isArray(value)) return value.map((item) => withBytes(item, undefined));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBytes(member, name)]));
}
