/** What is asked of the model, and what it answers: the same for every variant. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSimulator } from 'bedrock-simulator';

export type Operation = 'Converse' | 'InvokeModel' | 'ConverseStream' | 'InvokeModelWithResponseStream';

export const OPERATIONS: readonly Operation[] = [
  'Converse',
  'InvokeModel',
  'ConverseStream',
  'InvokeModelWithResponseStream',
];

/** Sizes of a request; one short question without any. */
export interface RequestSize {
  readonly turns?: number;
  readonly tools?: number;
  readonly imageBytes?: number;
  readonly promptCharacters?: number;
  readonly toolResultCharacters?: number;
  /** Texts to embed (InvokeModel). */
  readonly texts?: number;
}

/** One kind of call. */
export interface Case {
  readonly name: string;
  readonly operation: Operation;
  readonly request: RequestSize;
  /** File with the raw HTTP answer, or the address of a server. */
  readonly answer: string;
}

/** The HTTP answer that a child gives from memory. */
export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
}

export const CHAT_MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
export const EMBEDDING_MODEL = 'cohere.embed-english-v3';
const PATHS: Readonly<Record<Operation, string>> = {
  Converse: 'converse',
  InvokeModel: 'invoke',
  ConverseStream: 'converse-stream',
  InvokeModelWithResponseStream: 'invoke-with-response-stream',
};

export function isStream(operation: Operation): boolean {
  return operation.includes('Stream');
}

/** The simulator's answer, byte for byte, in a file; a stream of so many pieces of text. */
export async function recordAnswer(folder: string, operation: Operation, chunks = 1): Promise<string> {
  const simulator = await startSimulator();
  const scenario = isStream(operation) ? { scenario: 'stream', parameters: { chunks } } : { scenario: 'chat' };
  const content = operation.startsWith('Converse') ? [{ text: 'Hello' }] : 'Hello';
  const url = `${simulator.endpoint(scenario)}/model/${encodeURIComponent(CHAT_MODEL)}/${PATHS[operation]}`;
  const body = JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100_000,
    messages: [{ role: 'user', content }],
  });
  const response = await fetch(url, { method: 'POST', body });
  const bytes = Buffer.from(await response.arrayBuffer());
  await simulator.close();
  return storeAnswer(folder, `${operation}-${chunks}`, Object.fromEntries(response.headers), bytes);
}

/** Chunks of a stream where it is the call that is measured. */
export const STREAM_CHUNKS: number = 10;

/** One short question, answered from memory. */
export async function caseOf(
  operation: Operation,
  folder: string,
  chunks: number = isStream(operation) ? STREAM_CHUNKS : 1,
): Promise<Case> {
  const answer = await recordAnswer(folder, operation, chunks);
  return { name: `${operation} of ${chunks}`, operation, request: {}, answer };
}

/** Vectors as Cohere sends them. */
export function recordEmbeddings(folder: string, texts: number, dimensions: number): string {
  const vector = (): number[] => Array.from({ length: dimensions }, () => Math.random() - 0.5);
  const body = { id: 'bench', response_type: 'embeddings_floats', embeddings: Array.from({ length: texts }, vector) };
  const headers = { 'content-type': 'application/json', 'x-amzn-bedrock-input-token-count': String(texts * 8) };
  return storeAnswer(folder, `embeddings-${texts}`, headers, Buffer.from(JSON.stringify(body)));
}

function storeAnswer(folder: string, name: string, headers: Readonly<Record<string, string>>, body: Buffer): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ headers, body: body.toString('base64') } satisfies Answer));
  return file;
}
