/** Applications whose traces go through a Collector. */

import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MlflowClient, type MlflowConnectionConfig, type MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { QUIET_ENV } from 'testing/examples.js';
import { runNode } from 'testing/run.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const PROGRAMS = resolve(import.meta.dirname, '../programs');
const POLL_MILLIS = 200;

/** Ways to set up tracing: a file that is loaded first, and the variable with the address of the receiver. */
const TRACING = {
  /** Sends directly to MLflow. */
  register: { file: join(ROOT, 'packages/mlflow-bedrock/dist/esm/register.js'), target: 'MLFLOW_TRACKING_URI' },
  /** Sends with OpenTelemetry's own exporter. */
  byOtlp: { file: join(PROGRAMS, 'tracing-by-otlp.ts'), target: 'OTEL_EXPORTER_OTLP_ENDPOINT' },
  /** Sends to a Collector with the exporter for MLflow. */
  toCollector: { file: join(PROGRAMS, 'tracing-to-collector.ts'), target: 'COLLECTOR_URL' },
} as const;

export type AgentRun = 'fine' | 'slow' | 'failing' | 'long';

/** Spans of each run: the agent, two model calls and a tool. */
export const SPANS_PER_RUN = 4;

export interface Application {
  tracing: keyof typeof TRACING;
  /** Address of the receiver of its traces. */
  target: string;
  /** Address of Bedrock. */
  bedrock: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs the agent of programs/one-agent.ts in a new process. Returns the ids (`tr-…`) of its traces. */
export async function runOneAgent(
  { tracing, target, bedrock, env = {} }: Application,
  runs: readonly AgentRun[] = ['fine'],
): Promise<string[]> {
  const setUp = TRACING[tracing];
  const program = join(PROGRAMS, 'one-agent.ts');
  const { code, output } = await runNode(
    ['--import', 'tsx', '--import', pathToFileURL(setUp.file).href, program, ...runs],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        ...QUIET_ENV,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'simulator',
        AWS_SECRET_ACCESS_KEY: 'simulator',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock,
        [setUp.target]: target,
        ...env,
      },
    },
  );
  const lines = output.trim().split('\n');
  if (code !== 0 || lines.some((line) => !line.startsWith('tr-'))) throw new Error(output);
  return lines;
}

/** Waits until MLflow has the complete trace, and returns it. */
export async function wholeTrace(
  trackingUri: string,
  traceId: string,
  {
    spans = SPANS_PER_RUN,
    ...credentials
  }: Pick<MlflowConnectionConfig, 'username' | 'password'> & { spans?: number } = {},
): Promise<MlflowTrace> {
  const client = new MlflowClient({ trackingUri, ...credentials });
  try {
    for (;;) {
      const found = await client.getTrace(traceId).catch(() => undefined);
      if (found !== undefined && found.spans.length >= spans && found.info.state !== 'IN_PROGRESS') return found;
      await delay(POLL_MILLIS);
    }
  } finally {
    client.close();
  }
}
