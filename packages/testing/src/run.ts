import { execa } from 'execa';

/** How a program ended. */
export interface Finished {
  /** Its exit code; 1 if a signal ended it. */
  code: number;
  /** What it wrote to standard output and standard error, in order of arrival. Empty with inherited streams. */
  output: string;
}

/** How to run a program. */
export interface RunOptions {
  /** Default: the folder of this process. */
  cwd?: string;
  /** The whole environment. Default: that of this process. */
  env?: NodeJS.ProcessEnv;
  /** The program `node`. Default: the one that runs this process. */
  node?: string;
  /** Whether the program writes to this process's terminal. Default: `false`; the output is returned. */
  inherit?: boolean;
  /** Ends the program when aborted. */
  signal?: AbortSignal;
}

/**
 * Runs a Node.js program in a process of its own and waits for its end. The program ends with this process.
 *
 * @throws Error if the program cannot be started at all
 */
export async function runNode(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { inherit = false, signal, cwd, env, node = process.execPath } = options;
  const result = await execa(node, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env, extendEnv: false }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    ...(inherit ? { stdio: 'inherit' } : { stdin: 'ignore', all: true }),
    stripFinalNewline: false,
    reject: false,
  });
  if (result.code === 'ENOENT') throw result;
  return { code: result.exitCode ?? 1, output: result.all ?? '' };
}
