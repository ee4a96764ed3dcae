/** A measured program in a process of its own, which does nothing unless asked. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export interface ChildOptions {
  /** For Node.js, as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
}

export interface Child<Request, Reply> {
  /** One at a time. */
  ask(request: Request): Promise<Reply>;
  close(): Promise<void>;
}

/**
 * Starts `children/<name>.ts` with a job, and waits until it is ready to be asked.
 *
 * @throws Error with what it wrote to standard error, when it ends early
 */
export async function startChild<Request, Reply>(
  name: string,
  job: unknown,
  { nodeOptions = [] }: ChildOptions = {},
): Promise<Child<Request, Reply>> {
  const child = fork(resolve(import.meta.dirname, 'children', `${name}.ts`), [JSON.stringify(job)], {
    // Only for ES modules: `require`, which the SDK uses within calls and instrumentations hook into, stays Node's own.
    execArgv: ['--import', 'tsx/esm', ...nodeOptions],
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const reply = (): Promise<Reply> =>
    nextMessage<Reply>(child, () => `The measured program ${name} ended early: ${complaints.trim().slice(-2000)}`);
  await reply();
  return {
    ask: (request) => {
      const answer = reply();
      child.send(request as object);
      return answer;
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'exit');
      child.disconnect();
      await closed;
    },
  };
}

/** Starts a child, asks it once and ends it. */
export async function askOnce<Reply>(name: string, job: unknown, options?: ChildOptions): Promise<Reply> {
  const child = await startChild<object, Reply>(name, job, options);
  const reply = await child.ask({});
  await child.close();
  return reply;
}

/** Work that starts a child each, two at a time. */
export async function inPairs<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += 2) {
    results.push(...(await Promise.all(items.slice(start, start + 2).map(work))));
  }
  return results;
}

/** In the child: answers each request of the parent, and ends with it. */
export function serve<Request, Reply>(handle: (request: Request) => Promise<Reply>): void {
  process.on('message', async (request) => process.send?.({ reply: await handle(request as Request) }));
  process.on('disconnect', () => process.exit());
  process.send?.({ reply: 'ready' });
}

function nextMessage<Reply>(child: ChildProcess, complaint: () => string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off('exit', onExit);
      resolve((message as { reply: Reply }).reply);
    };
    const onExit = (): void => {
      child.off('message', onMessage);
      reject(new Error(complaint()));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}
