/** The rule of docs/settings.md, for each option that has an environment variable, in all three packages. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { createAuthority } from '../../../exporter-mlflow/test/support/certificates.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { type Addresses, exporterSettings, type Outcome } from '../support/exporter-settings.js';
import { openAiEnvironment } from '../support/openai.js';
import { NOBODY, usePrograms } from '../support/programs.js';

const CONTENT_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const HOSTS_VARIABLE = 'OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS';

describe('a setting with an option and an environment variable', function () {
  this.timeout(180_000);
  const programs = usePrograms();
  const servers: Server[] = [];
  let requests: Outcome['requests'][number][] = [];
  let addresses: Addresses;

  async function listen(server: Server): Promise<string> {
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  before(async () => {
    const answer: RequestListener = ({ url: path = '', headers }, response) => {
      requests.push({ path, headers });
      response.statusCode = path.startsWith('/unavailable') ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      const id = new URL(path, 'http://host').searchParams.get('experiment_id') ?? '1';
      response.end(JSON.stringify({ experiment: { experiment_id: id, name: 'any', lifecycle_stage: 'active' } }));
    };
    const plain = `http://${await listen(createServer(answer))}`;
    const other = plain.replace('127.0.0.1', 'localhost');
    const { cert, key } = createAuthority().issue('127.0.0.1');
    const encrypted = `https://${await listen(createTlsServer({ cert, key }, answer))}`;
    addresses = { plain, other, encrypted };
  });
  after(() => {
    for (const server of servers) server.close();
  });

  async function exportOne(config: MlflowSpanExporterConfig, env: Readonly<Record<string, string>>): Promise<Outcome> {
    requests = [];
    Object.assign(process.env, env);
    const exporter = new MlflowSpanExporter({ traceInfo: 'otlp-only', timeoutMillis: 5000, ...config });
    for (const name of Object.keys(env)) delete process.env[name];
    const memory = new InMemorySpanExporter();
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
      .getTracer('test')
      // The exporter can compute its cost, but its kind is unknown.
      .startSpan('span', {
        attributes: { 'llm.model_name': 'model', 'llm.token_count.prompt': 1 },
      })
      .end();
    const error = await new Promise<string>((resolve) => {
      exporter.export(memory.getFinishedSpans(), (result) => resolve(result.error?.message ?? ''));
    });
    await exporter.shutdown();
    return { requests, error };
  }

  const settings = exporterSettings({ plain: '', other: '', encrypted: '' });
  for (const [index, { option, variable }] of settings.entries()) {
    it(`takes the option ${option} of the exporter over ${variable}`, async () => {
      const setting = exporterSettings(addresses)[index];
      if (setting === undefined) throw new Error('no such setting');
      const { config, value, fixed = {}, fixedEnvironment = {}, used, byOption, byVariable } = setting;
      const env = { ...fixedEnvironment, [variable]: value };
      expect(used(await exportOne(fixed, env)), 'the variable alone').to.equal(byVariable);
      expect(used(await exportOne({ ...fixed, ...config }, env)), 'both').to.equal(byOption);
    });
  }

  const AUTOLOG: readonly (readonly [
    option: Record<string, unknown>,
    env: Record<string, string>,
    used: (run: Awaited<ReturnType<typeof programs.run>>) => unknown,
    byVariable: unknown,
    byOption: unknown,
  ])[] = [
    [
      { serviceName: 'option' },
      { OTEL_SERVICE_NAME: 'variable' },
      ({ traces }) => traces[0]?.info.tags['service.name'],
      'variable',
      'option',
    ],
    [{ sampler: 'always_on' }, { OTEL_TRACES_SAMPLER: 'always_off' }, ({ traces }) => traces.length, 0, 1],
    [{ sampler: 'always_on' }, { MLFLOW_TRACE_SAMPLING_RATIO: '0' }, ({ traces }) => traces.length, 0, 1],
    [
      { propagateSession: false },
      { MLFLOW_BEDROCK_PROPAGATE_SESSION: 'true' },
      ({ stdout }) => stdout.trim(),
      'session.id=session-7 Hi',
      'undefined Hi',
    ],
  ];
  for (const [option, env, used, byVariable, byOption] of AUTOLOG) {
    it(`takes the option ${Object.keys(option)} of autolog() over ${Object.keys(env)}`, async () => {
      expect(used(await programs.run(['options.cjs', '{}'], { env })), 'the variable alone').to.equal(byVariable);
      expect(used(await programs.run(['options.cjs', JSON.stringify(option)], { env })), 'both').to.equal(byOption);
    });
  }

  it('takes the exporter options of autolog() over their variables', async () => {
    const option = JSON.stringify({ trackingUri: programs.trackingUri() });
    const { stderr, traces } = await programs.run(['options.cjs', option], { env: { MLFLOW_TRACKING_URI: NOBODY } });
    expect(stderr).to.equal('');
    expect(traces).to.have.length(1);
  });

  for (const [captureMessageContent, variable] of [
    [true, 'false'],
    [false, 'true'],
  ] as const) {
    it(`takes ${CONTENT_VARIABLE}=${variable} over captureMessageContent: ${captureMessageContent}`, async () => {
      const config = resolveConfig({ captureMessageContent }, { [CONTENT_VARIABLE]: variable }, () => undefined);
      expect(config.captureContent).to.equal(!captureMessageContent);
      const option = JSON.stringify({ captureMessageContent });
      const content = async (env: NodeJS.ProcessEnv) => {
        const { traces } = await programs.run(['options.cjs', option], { env });
        return traces[0]?.spans[0]?.inputs !== undefined;
      };
      expect(await content({}), 'the option alone').to.equal(captureMessageContent);
      expect(await content({ [CONTENT_VARIABLE]: variable }), 'both').to.equal(!captureMessageContent);
    });
  }

  it(`takes the option openAIHosts of autolog() over ${HOSTS_VARIABLE}`, async () => {
    const { AWS_BEDROCK_BASE_URL: _, ...env } = openAiEnvironment(programs);
    const host = String(env[HOSTS_VARIABLE]);
    const traces = async (openAIHosts: readonly string[] | undefined, variable: string) => {
      const options = JSON.stringify({ openAIHosts });
      return (await programs.run(['openai.cjs', options], { env: { ...env, [HOSTS_VARIABLE]: variable } })).traces;
    };
    expect(await traces(undefined, host), 'the variable alone').to.have.lengthOf(1);
    expect(await traces(['gateway.example.com'], host), 'both').to.deep.equal([]);
    expect(await traces([host], 'gateway.example.com'), 'both').to.have.lengthOf(1);
  });

  it('is in the table of docs/settings.md', () => {
    const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
    const rows = tableRows(sectionOf(page, '## Variables that have an option'));
    const documented = rows.map(([variable = '', option = '']) => [...inlineCode(option), ...inlineCode(variable)]);
    const tested = [
      ['captureMessageContent', CONTENT_VARIABLE],
      ...AUTOLOG.map(([option, env]) => [Object.keys(option)[0], Object.keys(env)[0]]),
      // Counts only with OTEL_TRACES_SAMPLER.
      ['sampler', 'OTEL_TRACES_SAMPLER_ARG'],
      ['openAIHosts', HOSTS_VARIABLE],
      // The last two show that options win over variables of other options.
      ...settings.slice(0, -2).map(({ option, variable }) => [option, variable]),
    ];
    expect(documented).to.have.deep.members(tested);
  });
});
