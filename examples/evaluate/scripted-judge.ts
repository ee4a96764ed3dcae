import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Body, createJsonServer, RequestError } from '../shared/json-server.js';

export interface ScriptedJudge {
  /** What leads MLflow's judges to it. */
  env: NodeJS.ProcessEnv;
  close(): void;
}

/**
 * A stand-in for a judge model, where there is none: an endpoint that speaks OpenAI's chat completions, as MLflow's
 * judges do. It understands one question, that of MLflow's judge of correctness, and says yes where the answer
 * contains what was expected, word for word. A model would understand other words for the same thing.
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
    throw new RequestError(400, 'The scripted judge understands the correctness judge of MLflow 3.17 only.');
  }
  const isSupported = document.toLowerCase().includes(claim.toLowerCase());
  return {
    rationale: `"${claim}" is ${isSupported ? '' : 'not '}in the answer. (Scripted; no model judged.)`,
    result: isSupported ? 'yes' : 'no',
  };
}
