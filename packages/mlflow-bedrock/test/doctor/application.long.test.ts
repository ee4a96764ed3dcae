/** The doctor runs applications with the mistakes of newcomers: real processes with the real SDK, against a real MLflow. */

import { randomUUID } from 'node:crypto';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { build, type Plugin } from 'esbuild';
import { adviceFor } from 'opentelemetry-instrumentation-bedrock/requests';
import { testServer } from 'testing/mlflow-test-server.js';
import type { DoctorArguments } from '../../src/doctor/arguments.js';
import { mlflowBedrock } from '../../src/esbuild.js';
import {
  type Application,
  COMPLETE,
  complaints,
  createApplication,
  examineIn,
  INSTALLED,
  resultsOf,
} from '../support/doctor.js';

const REGISTER = ['--import', 'mlflow-bedrock/register'];
const CALL = `
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
export async function ask() {
  const client = new BedrockRuntimeClient();
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  client.destroy();
}
`;

describe('the doctor runs an application', function () {
  this.timeout(120_000);
  let application: Application;
  let simulator: Simulator;
  let env: NodeJS.ProcessEnv;
  let trackingUri: string;
  before(async function () {
    this.timeout(300_000);
    application = createApplication(
      { ...INSTALLED, '@opentelemetry/sdk-trace': 'real', openai: 'real' },
      { 'call.js': CALL },
    );
    simulator = await startSimulator();
    trackingUri = (await testServer()).url;
    env = {
      ...COMPLETE,
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_EXPERIMENT_NAME: `doctor-${randomUUID()}`,
    };
  });
  after(async () => {
    application.remove();
    await simulator.close();
  });

  const examineApplication = (text: string, options: Partial<DoctorArguments> = {}, more: NodeJS.ProcessEnv = {}) => {
    application.write('app.js', text);
    return examineIn(application.folder, { ...env, ...more }, { trace: false, application: ['app.js'], ...options });
  };

  it('and finds its spans in MLflow', async () => {
    const results = await examineApplication("import { ask } from './call.js'; await ask();", {
      nodeOptions: REGISTER,
    });
    expect(complaints(results)).to.deep.equal([]);
    const [end, calls, delivered = ''] = resultsOf(results, 'application');
    expect([end, calls]).to.deep.equal(['ok: app.js ran and ended by itself.', 'ok: 1 call of Bedrock became a span.']);
    const link = /^ok: MLflow has the span of the application\. The first trace: (\S+)$/.exec(delivered)?.[1] ?? '';
    expect(link).to.match(/^http:\S+\/#\/experiments\/\d+\/traces\?selectedEvaluationId=tr-[0-9a-f]{32}$/);
    expect(link.startsWith(trackingUri)).to.equal(true);
  });

  it('that nothing traces', async () => {
    expect(complaints(await examineApplication("import { ask } from './call.js'; await ask();"))).to.deep.equal([
      'problem: app.js does not start tracing. -> Start it with "node --import mlflow-bedrock/register app.js", or call autolog() in its first module. If you start it like this already, run "npx mlflow-bedrock doctor --import mlflow-bedrock/register app.js".',
    ]);
  });

  it('that calls Bedrock before autolog()', async () => {
    const text =
      "import { ask } from './call.js'; import { autolog } from 'mlflow-bedrock'; await ask(); autolog(); await ask();";
    const { host } = new URL(simulator.url);
    expect(complaints(await examineApplication(text))).to.deep.equal([
      `problem: The application called Bedrock (${host}) before autolog(). Such calls leave no trace. -> Call autolog() in the first module that is loaded, or start with "node --import mlflow-bedrock/register app.js".`,
    ]);
  });

  it('that calls process.exit() before its spans are sent', async () => {
    const text = "import { ask } from './call.js'; await ask(); process.exit();";
    expect(complaints(await examineApplication(text, {}, { NODE_OPTIONS: REGISTER.join(' ') }))).to.deep.equal([
      'problem: MLflow lacks the span of the application. -> The application called process.exit() before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.',
    ]);
  });

  it('that registers a tracer provider before autolog(), or after it', async () => {
    const parts = [
      "import { trace } from '@opentelemetry/api'; import { TracerProvider } from '@opentelemetry/sdk-trace';",
      "import { autolog } from 'mlflow-bedrock'; import { ask } from './call.js';",
    ].join(' ');
    const register = 'trace.setGlobalTracerProvider(new TracerProvider());';
    expect(complaints(await examineApplication(`${parts} ${register} autolog(); await ask();`))).to.deep.equal([
      "problem: The application registers a tracer provider of its own before autolog(), and that one does not send to MLflow. -> Add mlflow-bedrock's CurrentTraceProcessor and MlflowSpanProcessor to it, as the message in the output above shows. Or remove it, and let autolog() register one.",
    ]);
    expect(complaints(await examineApplication(`${parts} autolog(); ${register} await ask();`))).to.deep.equal([
      "problem: The application registers a tracer provider after autolog(). OpenTelemetry refuses a second one, so it has no effect. -> Remove one of the two. To keep the application's, register it before autolog() and add mlflow-bedrock's processors to it.",
    ]);
  });

  it('that adds the processors to a tracer provider of its own', async () => {
    const results = await examineApplication(`
      import { trace } from '@opentelemetry/api';
      import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
      import { autolog, CurrentTraceProcessor, MlflowSpanExporter, MlflowSpanProcessor } from 'mlflow-bedrock';
      import { ask } from './call.js';
      const exporter = new MlflowSpanExporter();
      const batch = (exporter, options) => new BatchSpanProcessor({ exporter, ...options });
      const spanProcessors = [new CurrentTraceProcessor(), new MlflowSpanProcessor({ exporter, batch })];
      trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
      const tracing = autolog();
      await ask();
      await tracing.flush();
    `);
    expect(complaints(results)).to.deep.equal([]);
    expect(resultsOf(results, 'application')[1]).to.equal('ok: 1 call of Bedrock became a span.');
    expect(resultsOf(results, 'application')[2]).to.match(/^ok: MLflow has the span of the application\. /);
  });

  it('that is a bundle', async () => {
    application.write('source.js', "import { ask } from './call.js'; await ask();");
    const bundle = (plugins: Plugin[]) =>
      build({
        entryPoints: [`${application.folder}/source.js`],
        outfile: `${application.folder}/bundle.mjs`,
        bundle: true,
        minify: true,
        platform: 'node',
        format: 'esm',
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
        plugins,
      });
    await bundle([]);
    const { host } = new URL(simulator.url);
    const inside = 'bundle.mjs is a bundle with @aws-sdk/client-bedrock-runtime inside';
    const advice =
      'Add the bundler plugin of mlflow-bedrock, keep the SDK out of the bundle, or call manuallyInstrument(); see docs/bundlers.md.';
    const options = { application: ['bundle.mjs'], nodeOptions: REGISTER };
    expect(complaints(await examineApplication('', options))).to.deep.equal([
      `problem: The application called Bedrock (${host}), and no span was made. ${inside}. -> ${advice}`,
    ]);
    expect(complaints(await examineApplication('', { ...options, run: false }))).to.deep.equal([
      `warning: ${inside}, where the instrumentation cannot find the SDK by itself. -> ${advice}`,
    ]);
    await bundle([mlflowBedrock({ register: false })]);
    const handedOver = await examineApplication('', options);
    expect(complaints(handedOver)).to.deep.equal([]);
    expect(resultsOf(handedOver, 'application')[1]).to.equal('ok: 1 call of Bedrock became a span.');
    expect(resultsOf(await examineApplication('', { ...options, run: false }), 'application')).to.deep.equal([
      'ok: bundle.mjs is a bundle that passes @aws-sdk/client-bedrock-runtime on to the instrumentation.',
    ]);
  });

  it("that imports OpenAI's SDK as ES modules before autolog()", async () => {
    const { host } = new URL(simulator.url);
    const text = `
      import OpenAI from 'openai';
      import { autolog } from 'mlflow-bedrock';
      autolog();
      await new OpenAI().chat.completions.create({
        model: 'openai.gpt-oss-20b-1:0',
        messages: [{ role: 'user', content: 'Hi' }],
      });
    `;
    const baseUrl = `${simulator.url}/openai/v1`;
    const settings = {
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: baseUrl,
      AWS_BEDROCK_BASE_URL: baseUrl,
      OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: host,
    };
    const [complaint = ''] = complaints(await examineApplication(text, {}, settings));
    expect(complaint).to.include(`problem: The application called Bedrock (${host}), and no span was made. -> `);
    expect(complaint).to.include(
      'or was loaded as an ES module without a loader hook. Start with "node --import mlflow-bedrock/register".',
    );
    expect(complaints(await examineApplication(text, { nodeOptions: REGISTER }, settings))).to.deep.equal([]);
  });

  it('that sends its requests without an SDK that is traced', async () => {
    const userAgent = 'ai/7.0.1 ai-sdk/amazon-bedrock/5.0.0 runtime/node.js/24';
    const text = `await fetch(process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME, { headers: { 'user-agent': '${userAgent}' } });`;
    const { host } = new URL(simulator.url);
    expect(complaints(await examineApplication(text, { nodeOptions: REGISTER }))).to.deep.equal([
      `problem: The application called Bedrock (${host}), and no span was made. -> ${adviceFor(userAgent)}.`,
    ]);
    expect(adviceFor(userAgent)).to.match(/^The AI SDK sends requests itself/);
  });

  it('that waits for requests, and ends it after the time', async () => {
    const results = await examineApplication("import { createServer } from 'node:http'; createServer().listen(0);", {
      nodeOptions: REGISTER,
      timeoutSeconds: 2,
    });
    expect(resultsOf(results, 'application')[0]).to.equal(
      'ok: app.js ran for 2 s, then the doctor ended it. --timeout changes this time.',
    );
    expect(complaints(results)).to.deep.equal([
      'warning: No call of Bedrock was seen, and no AWS SDK was loaded. -> Make the application call Bedrock while the doctor runs it.',
    ]);
  });

  it('that is switched off by a variable, and whose spans are on another server', async () => {
    const text = "import { ask } from './call.js'; await ask();";
    const off = await examineApplication(text, { nodeOptions: REGISTER }, { OTEL_SDK_DISABLED: 'true' });
    expect(complaints(off)).to.deep.equal([
      'problem: OTEL_SDK_DISABLED=true switches tracing off. -> Unset OTEL_SDK_DISABLED.',
      'problem: autolog() did nothing, because OTEL_SDK_DISABLED=true. -> Unset OTEL_SDK_DISABLED.',
    ]);
    const elsewhere = await examineApplication(
      "import { autolog } from 'mlflow-bedrock'; import { ask } from './call.js'; autolog({ trackingUri: 'http://127.0.0.1:9', flushTimeoutMillis: 300 }); await ask();",
    );
    expect(complaints(elsewhere)[0]).to.match(
      /^problem: MLflow at http:\/\/127\.0\.0\.1:9 cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:9\)\. -> /,
    );
  });
});
