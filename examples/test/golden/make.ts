/**
 * Makes the golden traces of this folder again: Python's `mlflow.bedrock.autolog()` traces the calls of
 * `../support/golden-calls.ts` against the simulator, and a real MLflow server stores them.
 *
 * Run it after a change of MLflow's version: `npx tsx examples/test/golden/make.ts`. Git shows what changed.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { installMlflow, installPackages } from 'testing/mlflow/install.js';
import { BOTO3 } from 'testing/mlflow/package-sets.js';
import { startMlflow } from 'testing/mlflow/server.js';
import { exchangeOf, GOLDEN_CALLS } from '../support/golden-calls.js';

const exchanges = Object.entries(GOLDEN_CALLS).flatMap(([trace, calls]) =>
  calls.map((call, index) => exchangeOf(`${trace}-${index}`, call)),
);
const { python } = await installMlflow(console.log);
const packages = await installPackages(BOTO3, console.log);
const mlflow = await startMlflow({ log: console.log });
const simulator = await startSimulator({ exchanges });
try {
  process.exitCode = await makeTraces();
} finally {
  await simulator.close();
  await mlflow.close();
}

async function makeTraces(): Promise<number> {
  const child = spawn(python, [join(import.meta.dirname, 'make.py')], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PYTHONPATH: packages,
      MLFLOW_TRACKING_URI: mlflow.url,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
    },
  });
  child.stdin.end(JSON.stringify({ simulator: simulator.url, traces: GOLDEN_CALLS }));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
