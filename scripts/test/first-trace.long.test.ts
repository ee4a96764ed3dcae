/** Follows the documentation as a new user, from `npm install` in an empty folder to the first trace in MLflow. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { execa } from 'execa';
import { MlflowClient, type MlflowTraceInfo } from 'opentelemetry-exporter-mlflow';
import { buildPackages } from 'testing/build.js';
import { codeBlocks, sectionOf } from 'testing/markdown.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { packPackages } from '../release/pack.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** The commands in a section of a page. */
function steps(page: string, heading: string): string[] {
  const section = sectionOf(readFileSync(join(ROOT, page), 'utf8'), heading);
  return codeBlocks(section, 'sh').map((command) => command.trim());
}

const STEPS = steps('packages/mlflow-bedrock/README.md', '## Start');

describe('a new user', function () {
  this.timeout(300_000);
  let folder: string;
  let simulator: Simulator;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'first-trace-'));
    simulator = await startSimulator();
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await simulator.close();
  });

  async function shell(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const began = performance.now();
    const { NODE_OPTIONS: _, ...own } = process.env;
    const [program = '', ...args] = command.split(' ');
    const { stdout } = await execa(program, args, { cwd: folder, env: { ...own, ...env }, extendEnv: false });
    console.log(`      ${((performance.now() - began) / 1000).toFixed(1)} s: ${command.replaceAll(`${folder}/`, '')}`);
    return stdout;
  }

  it('reads the same three steps on every page that has them', () => {
    expect(STEPS).to.deep.equal([
      'npm install mlflow-bedrock @opentelemetry/api',
      'uvx mlflow server --port 5000',
      'node --import mlflow-bedrock/register app.js',
    ]);
    expect(steps('README.md', '## Use it in your application')).to.deep.equal(STEPS);
    expect(steps('docs/getting-started.md', '## Three steps').slice(0, 3)).to.deep.equal(STEPS);
  });

  it('has a trace in MLflow after these steps, and no fault for the doctor', async () => {
    const [install = '', , run = ''] = STEPS;
    const question = `Say hello to ${randomUUID()}.`;
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    writeFileSync(
      join(folder, 'app.js'),
      `import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
      const client = new BedrockRuntimeClient();
      const messages = [{ role: 'user', content: [{ text: '${question}' }] }];
      const { usage } = await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
      console.log(JSON.stringify(usage));`,
    );
    await buildPackages();
    const packed = await packPackages(folder);
    // The application has this package already.
    await shell('npm install --no-audit --no-fund --prefer-offline @aws-sdk/client-bedrock-runtime');

    // The registry does not have the packages yet, so the command names three files.
    const files = packed.map(({ file }) => file).join(' ');
    await shell(`${install.replace('mlflow-bedrock', files)} --no-audit --no-fund --prefer-offline`);
    // Instead of the second step, the server of the tests runs on another port.
    const { url } = await testServer();
    const bedrock = {
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
      MLFLOW_TRACKING_URI: url,
    };
    const stdout = await shell(run, bedrock);

    // The program is in the packed package, with the file that it loads into the application.
    const doctor = await shell('npx mlflow-bedrock doctor --import mlflow-bedrock/register app.js', bedrock);
    expect(doctor).to.include('ok       A test trace was written, read back and deleted.');
    expect(doctor).to.include('ok       MLflow has the span of the application. The first trace: http');
    expect(doctor).to.match(/\nNo problems found\.$/);

    const client = new MlflowClient({ trackingUri: url });
    try {
      const experiment = await client.getExperimentByName('Default');
      const { traces } = await client.searchTraces({ experimentIds: [experiment?.experimentId ?? ''] });
      const own = traces.filter(({ requestPreview }: MlflowTraceInfo) => requestPreview?.includes(question));
      expect(own, 'one of the run, and one of the doctor').to.have.length(2);
      expect(own[0]).to.include({ name: 'chat amazon.nova-lite-v1:0', state: 'OK' });
      expect(own[0]?.tokenUsage).to.deep.include(JSON.parse(stdout));
    } finally {
      client.close();
    }
  });
});
