/** Runs programs in their own processes, with the built packages, against the simulator. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The output of a program: one line of JSON for each answer and each span. */
interface ProgramOutput {
  readonly answers: unknown[];
  readonly spans: { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
}

/** @throws Error with the output if the program fails or does not end in time, by default within 15 seconds. */
export async function runProgram(
  args: readonly string[],
  cwd: string,
  endpoint: string,
  timeout = 15_000,
): Promise<ProgramOutput> {
  const { stdout } = await promisify(execFile)(process.execPath, [...args], {
    cwd,
    timeout,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      // pnpm's commands set it, and then every package of this checkout is found.
      NODE_PATH: '',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint,
      AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: endpoint,
      AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint,
      AWS_BEDROCK_BASE_URL: `${endpoint}/openai/v1`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  const written = lines.map((line) => JSON.parse(line) as { answer?: unknown; span?: ProgramOutput['spans'][number] });
  return {
    answers: written.flatMap(({ answer }) => (answer === undefined ? [] : [answer])),
    spans: written.flatMap(({ span }) => (span === undefined ? [] : [span])),
  };
}
