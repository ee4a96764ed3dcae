import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { ROOT } from './compose.js';
import { QUIET_ENV } from './examples.js';

/** An application that makes traces until `finish()`. */
export interface SteadyAgent {
  /** Ids (`tr-...`) of the traces so far, oldest first. Each trace has two spans: the agent and its model call. */
  readonly traceIds: readonly string[];
  /** Resolves when the application has made `count` more traces. */
  makes(count: number): Promise<void>;
  /** Lets the application end. Resolves with what it wrote to standard error. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

/** What an application logs of outages that cost nothing. */
export const NOTHING_LOST: RegExp =
  /^(?:MLflow at .* waits?\.\n|The spans were delivered, but trace records wait: .*\n|\d+ trace records? could not be sent in time.*\n|MLflow takes .* again after .*: 0 .*\n)*$/;
const REGISTER = join(ROOT, 'packages/mlflow-bedrock/dist/esm/register.js');

/**
 * Starts examples/test/programs/steady-agent.ts as a user starts an application. It makes up to five traces a second, or
 * one per PAUSE_MILLIS of `env`.
 *
 * @param tracing the module that sets up tracing, loaded before the program. Default: `mlflow-bedrock/register`
 */
export function startSteadyAgent(env: NodeJS.ProcessEnv, tracing: string = REGISTER): SteadyAgent {
  const program = join(ROOT, 'examples/test/programs/steady-agent.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', pathToFileURL(tracing).href, program], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...QUIET_ENV,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
      ...env,
    },
  });
  const ended = once(child, 'close');
  const traceIds: string[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const lines = createInterface(child.stdout).on('line', (line) => traceIds.push(line));
  return {
    traceIds,
    async makes(count) {
      const wanted = traceIds.length + count;
      const tooEarly = ended.then(() => {
        if (traceIds.length < wanted) throw new Error(`The application ended:\n${errors}`);
      });
      while (traceIds.length < wanted) await Promise.race([once(lines, 'line'), tooEarly]);
    },
    async finish() {
      child.stdin.end();
      const [code] = await ended;
      if (code !== 0) throw new Error(`The application ended with ${code}:\n${errors}`);
      return errors;
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
