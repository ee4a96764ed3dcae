/** Runs a soak: the calls in their own process, the simulator in this one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startSimulator } from 'bedrock-simulator';
import type { Message } from './child.js';
import { failFirstAttempt } from './endpoints.js';
import type { ChildResult, SoakOptions, SoakResult } from './result.js';

const CHILD = resolve(import.meta.dirname, 'child.ts');
/** The time in which the process must end by itself after clients and server are closed. */
const END_TIMEOUT_MILLIS = 10_000;

/**
 * @param log receives a line after each quarter of the calls.
 * @throws Error if the process that makes the calls fails before it has a result.
 */
export async function runSoak(options: SoakOptions, log: (line: string) => void): Promise<SoakResult> {
  const simulator = await startSimulator({ respond: failFirstAttempt });
  const job = JSON.stringify({ ...options, url: simulator.url });
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', CHILD, job], {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let result: ChildResult | undefined;
  let leftovers: readonly string[] = [];
  let ending: NodeJS.Timeout | undefined;
  try {
    for await (const line of createInterface(child.stdout)) {
      const message = JSON.parse(line) as Message;
      if ('progress' in message) {
        const { calls, heap } = message.progress;
        log(`${calls.toLocaleString('en-US')} calls, ${heap.toFixed(1)} MiB of heap in use`);
      } else if ('result' in message) {
        ({ result } = message);
        await simulator.close();
        ending = setTimeout(() => child.kill('SIGTERM'), END_TIMEOUT_MILLIS);
      } else {
        ({ leftovers } = message);
      }
    }
    await closed;
  } finally {
    clearTimeout(ending);
    kill();
    process.off('exit', kill);
    if (!result) await simulator.close();
  }
  if (!result) throw new Error('The process that makes the calls of the soak ended without a result; see above.');
  return { ...result, options, leftovers };
}
