import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  type ConverseStreamOutput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ResponseStream,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Simulator, type SimulatorOptions, startSimulator } from '../src/index.js';

export type Json = Record<string, unknown>;
export type HttpVersion = '2.0' | '1.1';

export const HTTP_VERSIONS: readonly HttpVersion[] = ['2.0', '1.1'];

const started: { close(): unknown }[] = [];

/** Closes the simulators and clients that a test started. */
export async function closeAll(): Promise<void> {
  for (const item of started.splice(0).reverse()) await item.close();
}

export async function simulator(options?: SimulatorOptions): Promise<Simulator> {
  const running = await startSimulator(options);
  started.push(running);
  return running;
}

/** Returns a real client without retries. The SDK's default handler speaks HTTP/2, its NodeHttpHandler HTTP/1.1. */
export function client(endpoint: string, version: HttpVersion = '2.0', config: BedrockRuntimeClientConfig = {}) {
  return keepForClosing(new BedrockRuntimeClient({ ...clientConfig(endpoint, version), ...config }));
}

/** The settings of a client of any service. */
export function clientConfig(endpoint: string, version: HttpVersion) {
  return {
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    ...(version === '1.1' ? { requestHandler: new NodeHttpHandler() } : {}),
  };
}

/** Destroys a client when the test ends. */
export function keepForClosing<T extends { destroy(): void }>(client: T): T {
  started.push({ close: () => client.destroy() });
  return client;
}

export async function collect<T>(items: AsyncIterable<T> | undefined): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items ?? []) collected.push(item);
  return collected;
}

export async function invoke(bedrock: BedrockRuntimeClient, modelId: string, body: Json): Promise<Json> {
  const output = await bedrock.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return JSON.parse(output.body.transformToString()) as Json;
}

export async function invokeStream(bedrock: BedrockRuntimeClient, modelId: string, body: Json): Promise<Json[]> {
  const output = await bedrock.send(new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) }));
  return (await collect(output.body)).map(chunkJson);
}

export function chunkJson(event: ResponseStream): Json {
  return JSON.parse(new TextDecoder().decode(event.chunk?.bytes)) as Json;
}

export function streamText(events: readonly ConverseStreamOutput[]): string {
  return events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');
}

/** Returns the error with which a promise rejects. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { readonly $metadata?: { httpStatusCode?: number; attempts?: number } }> {
  return promise.then(
    () => {
      throw new Error('expected a failure');
    },
    (error: Error) => error,
  );
}

export function userMessage(text: string) {
  return { role: 'user' as const, content: [{ text }] };
}
