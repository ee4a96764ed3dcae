import { randomUUID } from 'node:crypto';
import { buildPackages } from 'testing/build.js';
import { DEMO_EXAMPLE_TAG, DEMO_EXPERIMENT } from 'testing/demo.js';
import {
  type BedrockTarget,
  DEMO_EXAMPLES,
  exampleCommand,
  QUIET_ENV,
  realBedrock,
  simulatedBedrock,
} from 'testing/examples.js';
import { runNode } from 'testing/run.js';
import { catchInterrupt, type Interrupt } from '../support/interrupt.js';
import { type DemoOptions, readOptions, USAGE } from './options.js';
import { demoServer } from './server.js';

/** Resource attribute of the examples' spans. MLflow keeps it as a tag, which identifies the traces of this run. */
const RUN_TAG = 'demo.run';
/** The shell's exit code for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** `npm run demo` runs the examples with a real MLflow server, and prints their traces as that server has them. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args, process.stdout.isTTY === true);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const cleanup: (() => Promise<void>)[] = [];
  const interrupt = catchInterrupt();
  try {
    const code = await Promise.race([runDemo(options, interrupt, cleanup), interrupt.happened.then(() => INTERRUPTED)]);
    if (!options.keep || interrupt.signal.aborted) return code;
    await interrupt.happened;
    return code;
  } finally {
    for (const close of cleanup.reverse()) await close();
    // An interrupted step, such as a download, must not keep the process alive.
    if (interrupt.signal.aborted) setImmediate(() => process.exit());
  }
}

async function runDemo(options: DemoOptions, interrupt: Interrupt, cleanup: (() => Promise<void>)[]): Promise<number> {
  const log = (line: string): void => console.log(`• ${line}`);
  const built = await buildPackages();
  if (built.length > 0) log(`Built ${built.join(', ')}`);
  const server = await demoServer(options, log);
  cleanup.push(server.close);
  const bedrock = options.aws ? realBedrock() : await simulatedBedrock();
  cleanup.push(bedrock.close);
  log(`MLflow ${server.shownUrl}`);
  log(`Bedrock: ${bedrock.description}`);

  const run = randomUUID();
  const failed = await runExamples(bedrock, server.uri, run, interrupt);
  if (interrupt.signal.aborted) return INTERRUPTED;
  // Loaded now, because it imports a package that must be built first.
  const { printTraces } = await import('./traces.js');
  await printTraces({ trackingUri: server.uri, experimentName: DEMO_EXPERIMENT, tag: [RUN_TAG, run] });
  if (options.keep) {
    console.log(`Another one: MLFLOW_TRACKING_URI=${server.shownUrl} npm run example -- agent`);
    console.log('Ctrl-C ends the demo. The next one shows these traces, too.');
  } else if (options.mlflow === undefined) {
    console.log('This server ends now and keeps its data: "npm run demo -- --keep" shows it again and stays up.');
  }
  return failed ? 1 : 0;
}

/** Runs the examples up to the first failure. Without credentials, for example, the others would fail the same way. */
async function runExamples(
  bedrock: BedrockTarget,
  trackingUri: string,
  run: string,
  { signal }: Interrupt,
): Promise<boolean> {
  const env = {
    ...QUIET_ENV,
    ...bedrock.env,
    MLFLOW_TRACKING_URI: trackingUri,
    MLFLOW_EXPERIMENT_NAME: DEMO_EXPERIMENT,
  };
  for (const name of DEMO_EXAMPLES) {
    const started = performance.now();
    const tags = { OTEL_RESOURCE_ATTRIBUTES: `${RUN_TAG}=${run},${DEMO_EXAMPLE_TAG}=${name}` };
    const { code, output } = await runNode(exampleCommand(name), { env: { ...env, ...tags }, signal });
    if (signal.aborted) return true;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`\n${name} (${seconds} s)`);
    console.log(output.trimEnd().replaceAll(/^/gm, '  '));
    if (code === 0) continue;
    console.log(`  Example "${name}" ended with ${code}.`);
    return true;
  }
  return false;
}
