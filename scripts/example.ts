import { parseArgs } from 'node:util';
import { buildPackages } from 'testing/build.js';
import {
  DEFAULT_EXPERIMENT,
  EXAMPLES,
  type ExampleName,
  exampleCommand,
  QUIET_ENV,
  realBedrock,
  simulatedBedrock,
  whyNot,
} from 'testing/examples.js';
import { runNode } from 'testing/run.js';
import { checkTrackingServer } from './support/tracking-server.js';

const USAGE = `Usage: npm run example -- ${EXAMPLES.join('|')} [--aws] [arguments of the example]
  --aws   call Amazon Bedrock with your AWS credentials and region instead of the local simulator
  --help  show this
Environment: MLFLOW_TRACKING_URI (default http://localhost:5000), MLFLOW_EXPERIMENT_NAME, BEDROCK_MODEL_ID,
             AWS_ENDPOINT_URL_BEDROCK_RUNTIME (use a simulator that is running already, for all of Bedrock)`;

/** `npm run example -- <name>` runs one example against the simulator, or with `--aws` against Amazon Bedrock. */
export async function main(args: string[]): Promise<number> {
  const request = readArguments(args);
  if (request === 'help') {
    console.log(USAGE);
    return 0;
  }
  const { name, aws, rest } = request;
  const reason = whyNot(name);
  if (reason !== undefined) {
    console.error(reason);
    return 1;
  }
  const { uri: trackingUri } = await checkTrackingServer(
    process.env['MLFLOW_TRACKING_URI'] ?? 'http://localhost:5000',
    'Set MLFLOW_TRACKING_URI to yours, or start one: "npm run demo -- --port 5000" in another terminal.',
  );
  await buildPackages();
  const bedrock = aws ? realBedrock() : await simulatedBedrock();
  console.log(`${name}: Bedrock is ${bedrock.description}; MLflow is ${trackingUri}`);
  try {
    const { code } = await runNode([...exampleCommand(name), ...rest], {
      env: { ...QUIET_ENV, ...DEFAULT_EXPERIMENT, ...bedrock.env, MLFLOW_TRACKING_URI: trackingUri },
      inherit: true,
    });
    return code;
  } finally {
    await bedrock.close();
  }
}

function readArguments(args: string[]): 'help' | { name: ExampleName; aws: boolean; rest: string[] } {
  try {
    const options = { aws: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return 'help';
    const [wanted, ...rest] = positionals;
    const name = EXAMPLES.find((example) => example === wanted);
    if (name === undefined)
      throw new Error(wanted === undefined ? 'Name an example.' : `There is no example "${wanted}".`);
    return { name, aws: values.aws ?? false, rest };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
