/** The measured application: calls Bedrock through the AWS SDK, with the answers in memory. */

import { Readable } from 'node:stream';
import { type Answer, isStream, MODEL } from '../answers.js';
import { loadPeer } from '../install.js';

interface Output {
  readonly stream?: AsyncIterable<unknown>;
  readonly body?: unknown;
}

export interface Application {
  /** Makes one call and reads its answer to the end. Returns the number of events that the application received. */
  call(): Promise<number>;
  /** Makes one call of a streaming operation, and leaves the stream to the caller. */
  open(): Promise<AsyncIterable<unknown>>;
}

/** @param bodyOf makes the body of the HTTP answer. Default: all bytes at once */
export function createApplication(
  { operation, headers, body }: Answer,
  bodyOf: (bytes: Buffer) => Readable = (bytes) => Readable.from([bytes]),
): Application {
  const sdk = loadPeer('@aws-sdk/client-bedrock-runtime');
  const bytes = Buffer.from(body, 'base64');
  const client: { send(command: unknown): Promise<Output> } = new sdk.BedrockRuntimeClient({
    region: 'us-east-1',
    // A Bedrock API key: signing would be a quarter of the call, has nothing to do with tracing, and varies.
    token: { token: 'bench' },
    authSchemePreference: ['httpBearerAuth'],
    requestHandler: { handle: async () => ({ response: { statusCode: 200, headers, body: bodyOf(bytes) } }) },
  });
  const Command = sdk[`${operation}Command`];
  const send = (): Promise<Output> => client.send(new Command(inputOf(operation)));
  const open = async (): Promise<AsyncIterable<unknown>> => {
    const { stream, body } = await send();
    return (stream ?? body) as AsyncIterable<unknown>;
  };
  const call = async (): Promise<number> => {
    if (!isStream(operation)) return send().then(() => 1);
    let events = 0;
    for await (const _event of await open()) events++;
    return events;
  };
  return { call, open };
}

/** A new input for each call, as in an application. */
function inputOf(operation: Answer['operation']): object {
  const text = 'What is the capital of France?';
  if (operation.startsWith('Converse')) return { modelId: MODEL, messages: [{ role: 'user', content: [{ text }] }] };
  const body = {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    messages: [{ role: 'user', content: text }],
  };
  return { modelId: MODEL, contentType: 'application/json', body: JSON.stringify(body) };
}
