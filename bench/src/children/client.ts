/** The application of the benchmark: calls Bedrock through the AWS SDK. Import it after tracing has been started. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { loadPeer } from '../peers.js';
import {
  type Answer,
  type Case,
  CHAT_MODEL,
  EMBEDDING_MODEL,
  isStream,
  type Operation,
  type RequestSize,
} from '../requests.js';

interface Output {
  readonly stream?: AsyncIterable<unknown>;
  readonly body?: unknown;
}

export interface Caller {
  /** One call whose answer is read to its end; returns the events that the application received. */
  call(): Promise<number>;
  /** One call of a streaming operation, with its stream unread. */
  open(): Promise<AsyncIterable<unknown>>;
}

/** @param bodyOf makes the body of an answer of its bytes; all at once unless given */
export function createCaller(
  { operation, request, answer }: Case,
  bodyOf: (bytes: Buffer) => Readable = (bytes) => Readable.from([bytes]),
): Caller {
  const sdk = loadPeer('@aws-sdk/client-bedrock-runtime');
  const client: { send(command: unknown): Promise<Output> } = new sdk.BedrockRuntimeClient({
    region: 'us-east-1',
    // A Bedrock API key: signing takes about a quarter of a call, has nothing to do with tracing, and scatters.
    token: { token: 'bench' },
    authSchemePreference: ['httpBearerAuth'],
    ...(answer.startsWith('http') ? { endpoint: answer } : { requestHandler: stubHandler(answer, bodyOf) }),
  });
  const Command = sdk[`${operation}Command`];
  const createInput = inputFactory(operation, request);
  const send = (): Promise<Output> => client.send(new Command(createInput()));
  const open = async (): Promise<AsyncIterable<unknown>> => {
    const { stream, body } = await send();
    return (stream ?? body) as AsyncIterable<unknown>;
  };
  return {
    open,
    call: async () => {
      if (!isStream(operation)) return send().then(() => 1);
      let events = 0;
      for await (const _event of await open()) events++;
      return events;
    },
  };
}

function stubHandler(file: string, bodyOf: (bytes: Buffer) => Readable): object {
  const { headers, body } = JSON.parse(readFileSync(file, 'utf8')) as Answer;
  const bytes = Buffer.from(body, 'base64');
  return { handle: async () => ({ response: { statusCode: 200, headers, body: bodyOf(bytes) } }) };
}

/** Makes a new input for each call, as applications do; only what is large is shared. */
function inputFactory(operation: Operation, size: RequestSize): () => object {
  const { texts, turns = 1, tools = 0, promptCharacters = 0, toolResultCharacters = 0, imageBytes = 0 } = size;
  if (texts !== undefined) {
    const text = 'The quick brown fox jumps over the lazy dog.';
    return () =>
      invoke(EMBEDDING_MODEL, { texts: Array.from({ length: texts }, () => text), input_type: 'search_document' });
  }
  const question = promptCharacters > 0 ? words(promptCharacters) : 'What is the capital of France?';
  if (!operation.startsWith('Converse')) {
    const chat = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 100 };
    return () => invoke(CHAT_MODEL, { ...chat, messages: [{ role: 'user', content: question }] });
  }
  const image = randomBytes(imageBytes);
  const toolResult = words(toolResultCharacters);
  return () => ({
    modelId: CHAT_MODEL,
    messages: [
      ...Array.from({ length: turns - 1 }, (_, turn) => ({
        role: turn % 2 === 0 ? 'user' : 'assistant',
        content: [{ text: `Turn ${turn}. ${HISTORY}` }],
      })),
      ...(toolResultCharacters > 0 ? toolTurns(toolResult) : []),
      {
        role: 'user',
        content: [
          { text: question },
          ...(imageBytes > 0 ? [{ image: { format: 'png', source: { bytes: image } } }] : []),
        ],
      },
    ],
    ...(tools > 0 ? { toolConfig: { tools: Array.from({ length: tools }, (_, index) => tool(index)) } } : {}),
  });
}

const HISTORY = 'The quick brown fox jumps over the lazy dog. '.repeat(4);

function invoke(modelId: string, body: object): object {
  return { modelId, body: JSON.stringify(body), contentType: 'application/json' };
}

function words(characters: number): string {
  return 'word '.repeat(Math.ceil(characters / 5)).slice(0, characters);
}

function toolTurns(text: string): object[] {
  const toolUseId = 'bench';
  return [
    { role: 'assistant', content: [{ toolUse: { toolUseId, name: 'search', input: { query: 'fox' } } }] },
    { role: 'user', content: [{ toolResult: { toolUseId, content: [{ text }] } }] },
  ];
}

function tool(index: number): object {
  const properties = { city: { type: 'string', description: 'Name of a city' }, days: { type: 'integer' } };
  const json = { type: 'object', properties, required: ['city'] };
  return { toolSpec: { name: `tool_${index}`, description: 'Looks something up.', inputSchema: { json } } };
}
