/** How applications load the SDK and this package, each in a process of its own, with the built packages. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';

const run = promisify(execFile);
const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));

describe('loading', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  const CASES: Readonly<Record<string, readonly string[]>> = {
    'CommonJS with --require': ['--require', './setup.cjs', 'app.cjs'],
    'ES modules with --import and no loader hook': ['--import', './setup.mjs', 'app.mjs'],
    'ES modules with a loader hook': ['--import', './setup-with-hook.mjs', 'app.mjs'],
    'an ES module application with the CommonJS build': ['--require', './setup.cjs', 'app.mjs'],
    'a CommonJS application with the ES module build': ['--import', './setup.mjs', 'app.cjs'],
    'both builds in one process': ['--require', './setup.cjs', '--import', './setup.mjs', 'app.mjs'],
    'the SDK first, then manuallyInstrument()': ['loaded-before.mjs'],
    'the SDK 3.600 in CommonJS': ['--require', './setup.cjs', 'app-3-600.cjs'],
    'the SDK 3.600 in ES modules without a loader hook': ['--import', './setup.mjs', 'app-3-600.mjs'],
  };
  for (const [name, args] of Object.entries(CASES)) {
    it(name, async () => {
      const { stdout } = await run(process.execPath, [...args], {
        cwd: PROGRAMS,
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
      });
      // Two set-ups in one process each print their own spans; only one may have traced the call.
      const spans = stdout
        .trim()
        .split('\n')
        .flatMap((line) => JSON.parse(line) as { name: string; attributes: object }[]);
      expect(spans.map((span) => span.name)).to.deep.equal(['chat amazon.nova-lite-v1:0']);
      expect(spans[0]?.attributes).to.include.keys('gen_ai.usage.input_tokens', 'mlflow.spanOutputs');
    });
  }
});
