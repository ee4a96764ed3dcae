import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CountingServer, startCountingServer } from '../../../exporter-mlflow/test/support/counting-server.js';
import { unusedAddress } from '../../../exporter-mlflow/test/support/local-server.js';
import { PROGRAMS } from './programs.js';

export interface Outage {
  /** Size of the heap of the application, in megabytes. */
  heap: number;
  calls: number;
  kind: 'image' | 'history';
  /** Size of the content of a call, in bytes. */
  size: number;
  /** What MLflow does until all calls are made. */
  state: 'refusing' | 'hanging';
  /** Options of `autolog()`. Default: none. */
  options?: object;
}

export interface Outcome {
  code: number | null;
  /** What the application made; undefined if it died before it said so. */
  made: { calls: number; tokens: number } | undefined;
  /** What MLflow got once it was back. */
  delivered: { calls: number; tokens: number };
  stderr: string;
}

const ANSWER = JSON.stringify({
  output: { message: { role: 'assistant', content: [{ text: 'A picture.' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
  metrics: { latencyMs: 1 },
});

/** Runs an application that makes many calls during an outage of MLflow, which ends afterwards. */
export async function runThroughOutage({ heap, calls, kind, size, state, options = {} }: Outage): Promise<Outcome> {
  // A model endpoint that keeps nothing of the requests, unlike the simulator.
  const bedrock = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(ANSWER);
    });
  });
  const sessions = new Set<ServerHttp2Session>();
  bedrock.on('session', (session) => sessions.add(session));
  await once(bedrock.listen(0, '127.0.0.1'), 'listening');
  const address = new URL(await unusedAddress());
  const start = async (): Promise<CountingServer> => startCountingServer(Number(address.port));
  let mlflow = state === 'hanging' ? await start() : undefined;
  if (mlflow !== undefined) mlflow.state = 'hanging';
  const args = [`--max-old-space-size=${heap}`, 'many-calls.mjs', calls, kind, size, JSON.stringify(options)];
  const child = spawn(process.execPath, args.map(String), {
    cwd: PROGRAMS,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `http://127.0.0.1:${(bedrock.address() as AddressInfo).port}`,
      MLFLOW_TRACKING_URI: address.origin,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  try {
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const stderr = text(child.stderr);
    const [first] = (await Promise.race([once(child.stdout, 'data'), exited.then(() => [])])) as [Buffer?];
    const made = first === undefined ? undefined : JSON.parse(first.toString());
    mlflow ??= await start();
    mlflow.state = 'up';
    if (made !== undefined) await Promise.race([mlflow.took(made.calls), exited]);
    child.stdin.end();
    const [code] = await exited;
    const usages = [...mlflow.taken.values()].map(({ attributes }) => String(attributes['mlflow.chat.tokenUsage']));
    const tokens = usages.reduce((sum, usage) => sum + JSON.parse(usage).total_tokens, 0);
    return { code, made, delivered: { calls: usages.length, tokens }, stderr: await stderr };
  } finally {
    child.kill('SIGKILL');
    for (const session of sessions) session.destroy();
    bedrock.close();
    await mlflow?.close();
  }
}
