import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { MlflowClient, type MlflowSpan, type MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { type ExampleName, exampleCommand, QUIET_ENV, simulatedEnvironment } from 'testing/examples.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Finished, runNode } from 'testing/run.js';

const ROOT = resolve(import.meta.dirname, '../..');

export interface ExampleRun extends Finished {
  /** The traces of the example's experiment, the oldest one first. */
  traces: MlflowTrace[];
}

/**
 * Runs an example in a new process, as `npm run example -- <args>` does, with the simulator and the MLflow server of the
 * test run.
 *
 * @param node the program `node`. Default: the one that runs this process.
 */
export function runExample(
  [name, ...args]: [name: ExampleName, ...args: string[]],
  env: NodeJS.ProcessEnv = {},
  node?: string,
): Promise<ExampleRun> {
  const settings = (endpoint: string): NodeJS.ProcessEnv => ({ ...simulatedEnvironment(endpoint), ...QUIET_ENV });
  return runWithServers(name, [...exampleCommand(name), ...args], settings, env, node);
}

/** Runs `npm run example -- <args>` itself, which also checks its arguments and the server, and takes a second longer. */
export function runExampleScript(args: string[], env: NodeJS.ProcessEnv = {}): Promise<ExampleRun> {
  const settings = (endpoint: string): NodeJS.ProcessEnv => ({ AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint });
  return runWithServers(args[0] ?? '', ['scripts/bootstrap.mjs', 'example', ...args], settings, env);
}

async function runWithServers(
  name: string,
  command: string[],
  settingsFor: (endpoint: string) => NodeJS.ProcessEnv,
  env: NodeJS.ProcessEnv,
  node?: string,
): Promise<ExampleRun> {
  const { url } = await testServer();
  const simulator = await startSimulator();
  const experimentName = `example-${name}-${randomUUID()}`;
  try {
    const endpoint = env['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'] ?? simulator.url;
    const finished = await runNode(command, {
      cwd: ROOT,
      ...(node === undefined ? {} : { node }),
      env: {
        ...process.env,
        ...settingsFor(endpoint),
        MLFLOW_TRACKING_URI: url,
        MLFLOW_EXPERIMENT_NAME: experimentName,
        ...env,
      },
    });
    return { ...finished, traces: await tracesOf(experimentName) };
  } finally {
    await simulator.close();
  }
}

/** The environment of a machine on which the AWS SDK finds no settings. */
export const NO_AWS_SETTINGS: NodeJS.ProcessEnv = {
  HOME: '/nonexistent',
  USERPROFILE: '/nonexistent',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: 'us-east-1',
};

/**
 * Runs an example against a scenario of the simulator.
 *
 * @param node the program `node`. Default: the one that runs this process.
 */
export async function withScenario(
  scenario: string,
  args: Parameters<typeof runExample>[0],
  parameters: Record<string, string> = {},
  node?: string,
): Promise<ExampleRun> {
  const simulator = await startSimulator();
  try {
    const endpoint = simulator.endpoint({ scenario, parameters });
    return await runExample(args, { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint }, node);
  } finally {
    await simulator.close();
  }
}

export async function testClient(): Promise<MlflowClient> {
  return new MlflowClient({ trackingUri: (await testServer()).url });
}

export async function tracesOf(experimentName: string): Promise<MlflowTrace[]> {
  const client = await testClient();
  const experiment = await client.getExperimentByName(experimentName);
  if (experiment === undefined) return [];
  const search = { experimentIds: [experiment.experimentId], orderBy: ['timestamp_ms ASC'] };
  const { traces } = await client.searchTraces(search);
  return Promise.all(traces.map(({ traceId }) => client.getTrace(traceId)));
}

/** Returns type and name of each span, indented by depth, in the order of their start. */
export function outline({ spans }: MlflowTrace): string[] {
  const below = (parentSpanId: string | undefined, depth: number): string[] =>
    spans
      .filter((span) => span.parentSpanId === parentSpanId)
      .flatMap((span) => [`${'  '.repeat(depth)}${span.type} ${span.name}`, ...below(span.spanId, depth + 1)]);
  return below(undefined, 0);
}

/** Adds up a figure that MLflow has for each span. */
export function sumOf(spans: readonly MlflowSpan[], figure: (span: MlflowSpan) => number | undefined): number {
  return spans.reduce((sum, span) => sum + (figure(span) ?? 0), 0);
}
