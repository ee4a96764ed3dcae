import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient } from '../../src/index.js';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

// `register` is CommonJS: a program of ES modules has two copies of the package in one process.
const SYSTEMS = {
  commonjs: `const { trace } = require('@opentelemetry/api');
    const { getCurrentTraceId, traced, updateCurrentTrace } = require('mlflow-bedrock');`,
  module: `import { trace } from '@opentelemetry/api';
    import { getCurrentTraceId, traced, updateCurrentTrace } from 'mlflow-bedrock';`,
};

const PROGRAM = `
const tool = traced({ name: 'tool', spanType: 'TOOL' }, async (city) => {
  updateCurrentTrace({ sessionId: 'session-7', userId: 'ada', tags: { team: 'travel' } });
  return city;
});
trace.getTracer('http').startActiveSpan('GET /', async (root) => {
  await tool('Paris');
  console.log(getCurrentTraceId());
  root.end();
});
`;

describe('traced in a program started with mlflow-bedrock/register', () => {
  let client: MlflowClient;
  let trackingUri: string;
  before(async function () {
    this.timeout(300_000);
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  after(() => client.close());

  async function traceOfProgram(system: keyof typeof SYSTEMS, env: Record<string, string> = {}) {
    const args = [`--input-type=${system}`, '--import', 'mlflow-bedrock/register', '--eval', SYSTEMS[system] + PROGRAM];
    const { stdout } = await run(process.execPath, args, {
      cwd: PACKAGE,
      env: { ...process.env, MLFLOW_TRACKING_URI: trackingUri, MLFLOW_EXPERIMENT_NAME: randomUUID(), ...env },
    });
    return client.getTrace(stdout.trim());
  }

  for (const system of ['commonjs', 'module'] as const) {
    it(`finds the trace that another instrumentation started, as ${system}`, async () => {
      const { info, spans } = await traceOfProgram(system);
      expect(info).to.deep.include({ name: 'GET /', sessionId: 'session-7', userId: 'ada' });
      expect(info.tags).to.include({ team: 'travel' });
      const tool = spans.find((span) => span.name === 'tool');
      expect(tool).to.deep.include({ type: 'TOOL', inputs: { city: 'Paris' }, outputs: 'Paris' });
    });
  }

  it('records no content when the environment switches it off', async () => {
    const { spans } = await traceOfProgram('module', { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'false' });
    expect(spans.map((span) => span.name)).to.have.members(['GET /', 'tool']);
    const recorded = JSON.stringify(spans.map(({ inputs, outputs, attributes }) => [inputs, outputs, attributes]));
    expect(recorded).not.to.include('Paris');
  });
});
