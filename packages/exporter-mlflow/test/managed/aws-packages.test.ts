/** The packages that only SageMaker and S3 need: nothing else loads them, and one line says what to install. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { buildPackages } from 'testing/build.js';
import { environmentOf, makeKey } from 'testing/managed/keys.js';
import { runNode } from 'testing/run.js';
import { eachTest } from '../support/each-test.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const ARN = 'arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/demo';

/** Asks for an experiment. Prints what came of it, and which packages of AWS the process has loaded. */
const ASK = `
  const client = new MlflowClient({ trackingUri: process.argv[1] });
  client.getExperimentByName('local').then(({ name }) => name, (error) => error.message).then((result) => {
    const names = Object.keys(require.cache).map((file) => /node_modules[\\\\/](@(?:aws-sdk|smithy)[\\\\/][\\w-]+)[\\\\/](?!.*node_modules)/.exec(file)?.[1]);
    console.log(JSON.stringify({ result, loaded: [...new Set(names)].filter(Boolean).sort() }));
    client.close();
  });`;
const PROGRAMS = {
  'an ES module': [
    '--input-type=module',
    '-e',
    `import { createRequire } from 'node:module'; import { MlflowClient } from 'opentelemetry-exporter-mlflow'; const require = createRequire(import.meta.url); ${ASK}`,
  ],
  CommonJS: [
    '--input-type=commonjs',
    '-e',
    `const { MlflowClient } = require('opentelemetry-exporter-mlflow'); ${ASK}`,
  ],
};

describe('the packages of AWS', () => {
  const { startServer } = eachTest();
  let bare: string;
  before(async () => {
    await buildPackages();
    bare = mkdtempSync(join(tmpdir(), 'aws-packages-'));
    const copy = join(bare, 'node_modules/opentelemetry-exporter-mlflow');
    mkdirSync(copy, { recursive: true });
    for (const part of ['dist', 'package.json']) cpSync(join(PACKAGE, part), join(copy, part), { recursive: true });
    for (const name of ['undici', '@bufbuild/protobuf', '@opentelemetry/api']) {
      const link = join(bare, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(PACKAGE, 'node_modules', name), link, 'junction');
    }
  });
  after(() => rmSync(bare, { recursive: true }));

  async function run(program: readonly string[], cwd: string, uri: string, endpoint = ''): Promise<unknown> {
    const env = {
      ...environmentOf(makeKey()),
      SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: endpoint,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const { output } = await runNode([...program, uri], { cwd, env });
    return JSON.parse(output);
  }

  it('are loaded for an ARN, and for no other tracking URI', async () => {
    const { url } = await startServer();
    expect(await run(PROGRAMS['an ES module'], PACKAGE, url)).to.deep.equal({ result: 'local', loaded: [] });
    const signed = (await run(PROGRAMS.CommonJS, PACKAGE, ARN, url)) as { result: string; loaded: string[] };
    expect(signed.result).to.equal('local');
    expect(signed.loaded).to.include.members(['@aws-sdk/credential-providers', '@smithy/signature-v4']);
  });

  it('need not be installed for other tracking URIs', async () => {
    const { url } = await startServer();
    expect(await run(PROGRAMS.CommonJS, bare, url)).to.deep.equal({ result: 'local', loaded: [] });
  });

  for (const [kind, program] of Object.entries(PROGRAMS)) {
    it(`are asked for by one line if they are missing (${kind})`, async () => {
      const { result } = (await run(program, bare, ARN)) as { result: string };
      expect(result).to.equal(
        'Requests to AWS need a package that is not installed (@aws-sdk/credential-providers): run "npm install @aws-sdk/credential-providers @smithy/signature-v4", and if the application is bundled, build it again.',
      );
    });
  }
});
