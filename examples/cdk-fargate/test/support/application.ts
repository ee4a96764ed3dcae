/** Runs the deployed bundle as Lambda and ECS do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { runNode } from 'testing/run.js';
import { resource, synthesizeCase } from './synthesize.js';

/** Replaces Lambda's runtime: loads the function that `handler` names and invokes it once, with ten seconds left. */
const RUNTIME = `
  const [file, name] = process.env._HANDLER.split('.');
  const deadline = Date.now() + 10_000;
  const context = { getRemainingTimeInMillis: () => deadline - Date.now() };
  require('./' + file + '.js')[name](JSON.parse(process.env.EVENT), context).then((result) => {
    console.log(JSON.stringify(result));
    process.exit();
  });
`;

/** Returns the folder of the function's code that CDK would upload. */
export function functionFolder(): string {
  const { assembly, template } = synthesizeCase('trial with everything');
  const { S3Key } = resource(template('application'), 'AWS::Lambda::Function').Properties.Code;
  const folder = join(assembly.directory, `asset.${S3Key.replace('.zip', '')}`);
  if (!existsSync(folder)) throw new Error(`No asset in ${folder}`);
  return folder;
}

/** Invokes the deployed function once, against the simulator. */
export async function invokeDeployed(env: NodeJS.ProcessEnv): Promise<{ answer: string }> {
  const { Handler } = resource(
    synthesizeCase('trial with everything').template('application'),
    'AWS::Lambda::Function',
  ).Properties;
  const event = { question: 'What is the capital of France?' };
  const output = await runOnSimulator(['--eval', RUNTIME], functionFolder(), {
    _HANDLER: Handler,
    EVENT: JSON.stringify(event),
    ...env,
  });
  return JSON.parse(output) as { answer: string };
}

/** Runs Node.js in a folder with the simulator as Bedrock. Returns its output. */
export async function runOnSimulator(args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const simulator = await startSimulator();
  try {
    const { code, output } = await runNode(args, {
      cwd,
      env: {
        PATH: process.env['PATH'],
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'simulator',
        AWS_SECRET_ACCESS_KEY: 'simulator',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        ...env,
      },
    });
    if (code !== 0) throw new Error(output);
    return output;
  } finally {
    await simulator.close();
  }
}
