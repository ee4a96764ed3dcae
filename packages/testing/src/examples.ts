import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Simulator, startSimulator } from 'bedrock-simulator';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The examples that the demo runs, in this order. */
export const DEMO_EXAMPLES = [
  'quickstart',
  'streaming',
  'agent',
  'bedrock-agent',
  'knowledge-base',
  'token-cost',
  'lambda',
] as const;

export type DemoExample = (typeof DEMO_EXAMPLES)[number];

/** All examples, as folders of `examples`. */
export const EXAMPLES = [
  ...DEMO_EXAMPLES,
  'feedback',
  'evaluate',
  'prompts',
  'chat-session',
  'supervisor',
  'rag',
  'guardrail',
  'voice',
  'frameworks/anthropic',
  'frameworks/langchain',
  'frameworks/openai',
  'frameworks/strands',
  'frameworks/vercel-ai',
  'frameworks/vercel-ai-6',
] as const;

/** Examples whose packages need a newer Node.js than this project. */
const NEEDS_NODE_22: readonly string[] = ['frameworks/strands', 'frameworks/vercel-ai'];

/** Why an example cannot run with this Node.js; undefined if it can. */
export function whyNot(name: ExampleName): string | undefined {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major >= 22 || !NEEDS_NODE_22.includes(name)) return undefined;
  return `The example ${name} needs Node.js 22 or newer, as its packages do; this is ${process.version}.`;
}

/** The name of an example. */
export type ExampleName = (typeof EXAMPLES)[number];

/**
 * Arguments for `node` that start an example as its README says: first the tracing set-up, then the application. An
 * example without a set-up of its own uses `mlflow-bedrock/register`.
 */
export function exampleCommand(name: ExampleName): string[] {
  const folder = join(ROOT, 'examples', name);
  const ownSetUp = join(folder, 'tracing.ts');
  const setUp = existsSync(ownSetUp) ? ownSetUp : join(ROOT, 'packages/mlflow-bedrock/dist/cjs/register.js');
  return ['--import', 'tsx', '--import', pathToFileURL(setUp).href, join(folder, 'app.ts')];
}

/** Where an example sends its calls. */
export interface BedrockTarget {
  /** For messages to the user. */
  description: string;
  env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** Milliseconds between the chunks of a simulated stream, so that the user sees the text arrive. */
const STREAM_PACE = 15;

/** The variables by which the SDK's clients find another endpoint. The simulator answers for all of them. */
const ENDPOINT_VARIABLES = [
  'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE',
] as const;

/** Amazon Bedrock with the user's own credentials and region. */
export function realBedrock(): BedrockTarget {
  const { AWS_REGION: region = process.env['AWS_DEFAULT_REGION'], AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint } =
    process.env;
  const where = endpoint ?? `region ${region ?? 'of your AWS profile'}`;
  return { description: `Amazon Bedrock (${where}, billed to your account)`, env: process.env, close: async () => {} };
}

/** The simulator that one of the endpoint variables names. Starts one if none is set. */
export async function simulatedBedrock(): Promise<BedrockTarget> {
  const running = ENDPOINT_VARIABLES.map((name) => process.env[name]).find(Boolean);
  if (running) {
    return { description: `the endpoint ${running}`, env: simulatedEnvironment(running), close: async () => {} };
  }
  const simulator: Simulator = await startSimulator();
  const endpoint = simulator.endpoint({ scenario: 'chat', parameters: { interval: STREAM_PACE } });
  return {
    description: 'the local simulator (scripted answers, no AWS account needed)',
    env: simulatedEnvironment(endpoint),
    close: () => simulator.close(),
  };
}

/**
 * The environment of an example that calls the simulator at this address. The SDK signs every request, so made-up keys keep
 * the user's real keys away from the simulator.
 */
export function simulatedEnvironment(endpoint: string): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_BEARER_TOKEN_BEDROCK']) delete env[name];
  return {
    ...env,
    // A variable that the user has set names the endpoint of its service.
    ...Object.fromEntries(ENDPOINT_VARIABLES.map((name) => [name, process.env[name] || endpoint])),
    // OpenAI's SDK reaches Bedrock here.
    AWS_BEDROCK_BASE_URL: process.env['AWS_BEDROCK_BASE_URL'] || `${endpoint}/openai/v1`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'simulator',
    AWS_SECRET_ACCESS_KEY: 'simulator',
  };
}

/** Settings that keep other output and attributes out of an example's output and traces. */
export const QUIET_ENV: NodeJS.ProcessEnv = {
  // On Node.js 20, the SDK warns in every process about the versions that it will need.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  // MLflow shows resource attributes as tags of the trace. Host names, paths and process ids do not belong there.
  OTEL_NODE_RESOURCE_DETECTORS: 'env',
};

/** The experiment of the examples. The user's environment may name another one. */
export const DEFAULT_EXPERIMENT: NodeJS.ProcessEnv = { MLFLOW_EXPERIMENT_NAME: 'bedrock-examples' };
