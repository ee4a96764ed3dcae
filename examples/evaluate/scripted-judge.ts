import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Body, createJsonServer, RequestError } from '../shared/json-server.js';

export interface ScriptedJudge {
  /** Environment variables that make MLflow's judges call this endpoint. */
  env: NodeJS.ProcessEnv;
  close(): void;
}

/**
 * A stand-in for a judge model: an endpoint for OpenAI's chat completions, which MLflow's judges call. It understands
 * only the question of MLflow's judge of correctness. It says yes if the answer contains the expected words. A model
 * would also accept other words with the same meaning.
 */
export async function startScriptedJudge(): Promise<ScriptedJudge> {
  const server = createJsonServer({ 'POST /v1/chat/completions': async (body) => completion(body) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      JUDGE_MODEL: 'openai:/scripted-judge',
      OPENAI_API_BASE: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: 'scripted',
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function completion({ model, messages }: Body): object {
  const content = JSON.stringify(judge(JSON.stringify(messages)));
  return {
    id: 'scripted',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  };
}

function judge(prompt: string): { rationale: string; result: 'yes' | 'no' } {
  const claim = /<claim>(.*?)<\/claim>/.exec(prompt)?.[1];
  const document = /<document>(.*)<\/document>/.exec(prompt)?.[1];
  if (claim === undefined || document === undefined) {
    throw new RequestError(400, 'The scripted judge understands only the correctness judge of MLflow 3.17.');
  }
  const isSupported = document.toLowerCase().includes(claim.toLowerCase());
  return {
    rationale: `"${claim}" is ${isSupported ? '' : 'not '}in the answer. (Scripted; no model judged.)`,
    result: isSupported ? 'yes' : 'no',
  };
}
