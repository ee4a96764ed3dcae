import { parseArgs } from 'node:util';
import { startSimulator } from './simulator.js';

const USAGE = `Usage: pnpm --filter bedrock-simulator start -- [--port PORT] [--exchanges DIRECTORY]

  --port PORT             listen on this port (default: a free one)
  --exchanges DIRECTORY   replay the recorded exchanges in this directory
  --help                  show this text
`;

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bedrock-simulator: ${explain(error)}\n`);
  process.exitCode = 1;
}

async function main(argv: readonly string[]): Promise<void> {
  // pnpm also passes the "--" that separates its own options.
  const args = argv[0] === '--' ? argv.slice(1) : [...argv];
  const options = { port: { type: 'string' }, exchanges: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args, options });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const simulator = await startSimulator({
    port: readPort(values.port),
    ...(values.exchanges === undefined ? {} : { exchanges: values.exchanges }),
  });
  process.stdout.write(`bedrock-simulator listens on ${simulator.url}
This is a local simulator, not Amazon Bedrock: no model runs and all answers are scripted or replayed.
Point an application at it with

  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${simulator.url}
  export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=${simulator.url}
  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=${simulator.url}
  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=simulator AWS_SECRET_ACCESS_KEY=simulator
`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? 0);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`--port must be a number from 0 to 65535, not "${text}".`);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port, path } = error as Error & { code?: string; port?: number; path?: string };
  if (code === 'EADDRINUSE') return `port ${port} is in use. Choose another with --port, or leave --port out.`;
  if (code === 'ENOENT') return `the directory ${path} does not exist. Check --exchanges.`;
  return code?.startsWith('ERR_PARSE_ARGS') ? `${error.message}\n\n${USAGE}` : error.message;
}
