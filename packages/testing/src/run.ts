import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** How a program ended. */
export interface Finished {
  /** Its exit code; 1 when a signal ended it. */
  code: number;
  /** What it wrote to standard output and standard error, in that order of arrival; empty with inherited streams. */
  output: string;
}

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** `true`: the program writes to our terminal itself. Default: its output is kept and returned. */
  inherit?: boolean;
  /** Ends the program when aborted. */
  signal?: AbortSignal;
}

/**
 * Runs a Node.js program in a process of its own and waits for its end. The child ends with this process.
 *
 * @throws Error when the program cannot be started at all
 */
export function runNode(args: string[], options: RunOptions = {}): Promise<Finished> {
  const { inherit = false, signal, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      ...spawnOptions,
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    const release = endWithUs(child, signal);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('close', (code) => {
      release();
      resolve({ code: code ?? 1, output });
    });
  });
}

function endWithUs(child: ChildProcess, signal: AbortSignal | undefined): () => void {
  const end = (): void => void child.kill();
  process.once('exit', end);
  signal?.addEventListener('abort', end, { once: true });
  return () => {
    process.off('exit', end);
    signal?.removeEventListener('abort', end);
  };
}
