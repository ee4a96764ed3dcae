/** Measured programs, each in a process of its own. */

import { resolve } from 'node:path';
import { execa } from 'execa';

const CHILDREN: string = resolve(import.meta.dirname, 'children');
/** Keeps warnings about the version of Node.js out of standard error. */
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', NODE_NO_WARNINGS: '1' };

/** What every part of the benchmark works with. */
export interface Bench {
  /** The program `node` that is measured. */
  readonly node: string;
  /** The folder of a second checkout, measured as `before`. */
  readonly base?: string;
  /** Processes for each figure. */
  readonly processes: number;
  /** How long one process makes calls, in seconds. */
  readonly seconds: number;
  /** Batches that one process exports, the first third to warm up. */
  readonly batches: number;
  log(line: string): void;
}

/**
 * Runs `children/<name>.ts`, whose job is JSON on standard input and whose result is JSON on standard output.
 *
 * @throws Error with what the program wrote to standard error, if it fails
 */
export function runChild<Result>(node: string, name: string, job: unknown, options: string[] = []): Promise<Result> {
  // `tsx/esm` leaves `require` alone, which the SDK uses within calls and which instrumentations hook into.
  const args = ['--import', 'tsx/esm', ...options, resolve(CHILDREN, `${name}.ts`)];
  return runNode<Result>(node, args, { input: JSON.stringify(job) });
}

/**
 * Runs a program that writes JSON to standard output as its last line. The program ends with this process.
 *
 * @throws Error with what the program wrote to standard error, if it fails
 */
export async function runNode<Result>(
  node: string,
  args: string[],
  { input = '', ...options }: { input?: string; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Result> {
  const { stdout } = await execa(node, args, { ...options, input, env: { ...QUIET, ...options.env } });
  return JSON.parse(stdout.split('\n').at(-1) ?? '') as Result;
}

/** Does work that starts processes, two at a time. */
export async function inPairs<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** In the child: reads the job. */
export async function readJob<Job>(): Promise<Job> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  return JSON.parse(text) as Job;
}

/** In the child: answers with the result and ends, whatever timers and connections are left. */
export function finish(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
}
