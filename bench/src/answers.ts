/** The service's answers, recorded once from the simulator. The same for every variant. */

import { startSimulator } from 'bedrock-simulator';

export const OPERATIONS = ['Converse', 'InvokeModel', 'ConverseStream', 'InvokeModelWithResponseStream'] as const;
export type Operation = (typeof OPERATIONS)[number];

export const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';

/** One HTTP answer, which the measured process gives from memory. */
export interface Answer {
  readonly operation: Operation;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const PATHS: Readonly<Record<Operation, string>> = {
  Converse: 'converse',
  InvokeModel: 'invoke',
  ConverseStream: 'converse-stream',
  InvokeModelWithResponseStream: 'invoke-with-response-stream',
};

export function isStream(operation: Operation): boolean {
  return operation.includes('Stream');
}

/** @param chunks pieces of text in the answer of a stream */
export async function recordAnswer(operation: Operation, chunks = 1): Promise<Answer> {
  const simulator = await startSimulator();
  const scenario = isStream(operation) ? { scenario: 'stream', parameters: { chunks } } : { scenario: 'chat' };
  const content = operation.startsWith('Converse') ? [{ text: 'Hello' }] : 'Hello';
  const url = `${simulator.endpoint(scenario)}/model/${encodeURIComponent(MODEL)}/${PATHS[operation]}`;
  const body = JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100_000,
    messages: [{ role: 'user', content }],
  });
  try {
    const response = await fetch(url, { method: 'POST', body });
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      operation,
      headers: Object.fromEntries(response.headers),
      body: bytes.toString('base64'),
      ...tokensIn(bytes),
    };
  } finally {
    await simulator.close();
  }
}

/** The last figures in the answer, which are the service's final ones in all four operations. */
function tokensIn(bytes: Buffer): { inputTokens: number; outputTokens: number } {
  const frames = bytes.toString('latin1');
  const payloads = [...frames.matchAll(/"bytes":"([^"]*)"/g)].map(([, payload = '']) => atob(payload));
  const text = [frames, ...payloads].join('');
  const last = (name: string): number =>
    Number([...text.matchAll(new RegExp(`"${name}_?token(?:s|Count)":(\\d+)`, 'gi'))].at(-1)?.[1]);
  return { inputTokens: last('input'), outputTokens: last('output') };
}
