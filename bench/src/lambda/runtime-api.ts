/** An emulator of Lambda's Runtime API, which measures the start of one function. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const BOOTSTRAP = resolve(import.meta.dirname, 'bootstrap.mjs');
const TIMEOUT_MILLIS = 30_000;

/** Milliseconds of one cold start. */
export interface ColdStart {
  /** From the start of the process until it asks for the first invocation. */
  readonly init: number;
  /** From the first invocation until its answer. */
  readonly invocation: number;
  /** What the function returned. */
  readonly answer: unknown;
}

export interface FunctionProcess {
  readonly node: string;
  /** The module with `handler`, `.mjs` or `.cjs`. */
  readonly file: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts a function in a new process, invokes it once and ends the process.
 *
 * @throws Error with what the process wrote to standard error, if it ends before it answers
 */
export async function measureColdStart({ node, file, cwd, env }: FunctionProcess): Promise<ColdStart> {
  const started = performance.now();
  let invoked = 0;
  let answered: (cold: ColdStart) => void;
  const coldStart = new Promise<ColdStart>((resolve) => {
    answered = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const invocation = performance.now() - invoked;
      answered({ init: invoked - started, invocation, answer: JSON.parse(await text(request)) });
    } else if (invoked === 0) {
      invoked = performance.now();
      response.setHeader('lambda-runtime-aws-request-id', 'first');
      response.setHeader('lambda-runtime-deadline-ms', Date.now() + TIMEOUT_MILLIS);
      response.end(JSON.stringify({ question: 'What is the capital of France?' }));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const child = spawn(node, [BOOTSTRAP], {
    cwd,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`, _HANDLER: file },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors = text(child.stderr);
  const exit = once(child, 'exit');
  try {
    const ended = exit.then(async () => {
      throw new Error(`The function ${file} ended before it answered: ${await errors}`);
    });
    ended.catch(() => {});
    return await Promise.race([coldStart, ended]);
  } finally {
    child.kill('SIGKILL');
    await exit;
    server.closeAllConnections();
    server.close();
  }
}
