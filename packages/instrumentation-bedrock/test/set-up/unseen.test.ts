/** The one warning about calls of Bedrock that are not traced. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import * as esbuild from 'esbuild';
import { hasOwnSpans, unseenRequest } from '../../src/sdk/unseen/advice.js';
import { endpointHosts, isBedrockAgent, isBedrockHost } from '../../src/sdk/unseen/hosts.js';
import { isTool } from '../../src/sdk/unseen/watch.js';

const PROGRAMS = fileURLToPath(new URL('../programs/', import.meta.url));
/** No module hook sees the SDK, nor is it passed to the instrumentation. */
const BUNDLED = `
  import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
  import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
  import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
  import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
  new NodeTracerProvider().register();
  new BedrockInstrumentation();
  const client = new BedrockRuntimeClient({ maxAttempts: 1 });
  const command = new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [] });
  client.send(command).catch(() => undefined).finally(() => client.destroy());
`;
const NO_SDK =
  'opentelemetry-instrumentation-bedrock: No SDK for Amazon Bedrock was found in this process, so none of its calls was ' +
  'traced. If the application is part of a bundle: Add the bundler plugin of mlflow-bedrock, keep the SDK out of the ' +
  'bundle, or call manuallyInstrument(); see docs/bundlers.md. A worker thread needs tracing of its own; see ' +
  'docs/runtimes.md.';

describe('the warning about calls that are not traced', () => {
  let server: Server;
  let host: string;
  let folder: string;
  before(async () => {
    server = createServer((_, response) => response.end('{}'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    folder = mkdtempSync(join(tmpdir(), 'unseen-'));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (
    how: string,
    { isEndpoint = true, program = 'unseen.mjs', env: more = {} } = {},
  ): Promise<string[]> => {
    const url = `http://${host}`;
    const { NODE_OPTIONS: _, ...own } = process.env;
    const aws = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const env = { ...own, ...aws, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: isEndpoint ? `${url}/` : '', ...more };
    const finished = await promisify(execFile)(process.execPath, [program, how, url], { cwd: PROGRAMS, env }).catch(
      (error: { stderr: string; code: number }) => ({ stderr: `${error.stderr}exit code ${error.code}` }),
    );
    return finished.stderr.split('\n').filter((line) => line !== '');
  };
  const warning = (userAgent?: string): string =>
    `opentelemetry-instrumentation-bedrock: ${unseenRequest(host, userAgent)}`;

  describe('of the first request', () => {
    it('is written once for several requests with fetch', async () => {
      expect(await run('with fetch')).to.deep.equal([warning('aws-sdk-js/3.1161.0')]);
    });
    it('is written for a request of node:http', async () => {
      expect(await run('with http')).to.deep.equal([warning('OpenAI/JS 4.104.0')]);
    });
    it('is written for a host of openAIHosts', async () => {
      const env = { OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: '127.0.0.1' };
      expect(await run('with http', { isEndpoint: false, env })).to.deep.equal([warning('OpenAI/JS 4.104.0')]);
    });
    it('is written for a request of node:http2', async () => {
      const [line, ...others] = await run('with http2');
      // Node.js 20 shows the connection only.
      expect([warning('aws-sdk-js/3.1161.0'), warning()]).to.include(line);
      expect(others).to.deep.equal([]);
    });
    it('is written for a request of node:http2 with TLS', async () => {
      const env = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'https://localhost' };
      const [line, ...others] = await run('with http2 and TLS', { env });
      // Node.js 20 shows that the name is looked up, no more.
      const seen = [host.replace('127.0.0.1', 'localhost'), 'localhost'].flatMap((name) =>
        ['aws-sdk-js/3.1161.0', undefined].map((client) => unseenRequest(name, client)),
      );
      expect(seen.map((text) => `opentelemetry-instrumentation-bedrock: ${text}`)).to.include(line);
      expect(others).to.deep.equal([]);
    });
    it('is written for a client that names Bedrock, whatever its host', async () => {
      const lines = await run('with a client that names Bedrock', { isEndpoint: false });
      expect(lines).to.deep.equal([warning('aws-sdk-js/3.1161.0')]);
    });
    it('is written beneath a span that is not of a model, and leaves the exit code as it is', async () => {
      expect(await run('and ends itself')).to.deep.equal([warning('node'), 'exit code 3']);
    });
    it('is written for a bundle with the real SDK', async () => {
      const entry = { contents: BUNDLED, resolveDir: PROGRAMS };
      const outfile = join(folder, 'bundle.cjs');
      await esbuild.build({ stdin: entry, bundle: true, outfile, platform: 'node', logLevel: 'error' });
      const [line, ...others] = await run('', { program: outfile });
      expect([warning('aws-sdk-js/3.1161.0'), warning()]).to.include(line);
      expect(others).to.deep.equal([]);
    });
    it('is not written without tracing, in suppressed and unsampled traces, and beneath the span of a model', async () => {
      const env = { AWS_BEDROCK_BASE_URL: 'http://localhost' };
      expect(await run('as it should', { env })).to.deep.equal([]);
    });
  });

  describe('of the end of the process', () => {
    it('is written if tracing has ended before', async () => {
      expect(await run('after tracing has ended', { isEndpoint: false })).to.deep.equal([NO_SDK]);
    });
    it('is written if no SDK was found, and leaves the exit code as it is', async () => {
      expect(await run('and ends itself', { isEndpoint: false })).to.deep.equal([NO_SDK, 'exit code 3']);
    });
    it('is not written if the process has not connected to any host', async () => {
      expect(await run('without a connection', { isEndpoint: false })).to.deep.equal([]);
    });
    it('is not written for package managers, build tools and other programs in node_modules', () => {
      const tools = [
        '/usr/lib/node_modules/npm/bin/npm-cli.js',
        '/app/node_modules/.bin/next',
        'C:\\pnpm\\bin\\pnpm.cjs',
        '/app/node_modules/mocha/bin/mocha.js',
        'C:\\app\\node_modules\\.bin\\prisma',
      ];
      expect(tools.filter((tool) => !isTool(tool))).to.deep.equal([]);
      expect(['/app/server.js', '/app/vite/server.js', '/app/my-npm.js', ''].filter(isTool)).to.deep.equal([]);
    });
  });

  it('knows the hosts of Bedrock that answer calls', () => {
    const endpoints = endpointHosts({
      AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: ' http://localhost:4000/path ',
      AWS_BEDROCK_BASE_URL: 'not a URL',
      ANTHROPIC_BEDROCK_BASE_URL: 'https://gateway.example.com:443',
    });
    const hosts = [
      'bedrock-runtime.us-east-1.amazonaws.com',
      'bedrock-runtime.us-east-1.amazonaws.com:443',
      'bedrock-runtime-fips.us-gov-west-1.amazonaws.com',
      'bedrock-runtime.cn-north-1.amazonaws.com.cn',
      'bedrock-agent-runtime.eu-west-1.api.aws',
      'bedrock-agentcore.eu-central-1.amazonaws.com',
      'bedrock-mantle.us-west-2.api.aws',
      'vpce-0a1b-2c.bedrock-runtime.us-east-1.vpce.amazonaws.com',
      'localhost:4000',
      'gateway.example.com',
      'gateway.example.com:8443',
    ];
    expect(hosts.filter((host) => !isBedrockHost(host, endpoints))).to.deep.equal([]);
    const others = [
      'bedrock.us-east-1.amazonaws.com',
      'bedrock-agent.us-east-1.amazonaws.com',
      'bedrock-agentcore-control.us-east-1.amazonaws.com',
      'x.gateway.bedrock-agentcore.us-east-1.amazonaws.com',
      'bedrock-runtime.us-east-1.amazonaws.com.example.com',
      'localhost',
      'localhost:4001',
    ];
    expect(others.filter((host) => isBedrockHost(host, endpoints))).to.deep.equal([]);
  });

  it('knows the clients that name Bedrock, not those that manage it', () => {
    const clients = [
      'aws-sdk-js/3.1161.0 ua/2.1 api/bedrock-runtime#3.1161.0',
      'AnthropicBedrockMantle/JS 1.1.3',
      'ai/6.0.326 ai-sdk/provider-utils/4.0.62 ai-sdk/amazon-bedrock/4.0.186 runtime/node.js/20',
      'ai/7.0.173 ai-sdk-provider-utils/5.0.51 node.js/24 ai-sdk-amazon-bedrock/5.0.101 node.js/24',
    ];
    expect(clients.filter((client) => !isBedrockAgent(client))).to.deep.equal([]);
    const others = [
      'aws-sdk-js/3.1161.0 api/bedrock#3.1161.0',
      'api/bedrock-agentcore-control#3.1.0',
      'OpenAI/JS 7.0.0',
    ];
    expect(others.filter(isBedrockAgent)).to.deep.equal([]);
  });

  it('takes requests of the AI SDK as traced if it has a telemetry integration', () => {
    const agent = 'ai/7.0.173 ai-sdk-provider-utils/5.0.51 node.js/24 ai-sdk-amazon-bedrock/5.0.101 node.js/24';
    const registry = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown[] };
    expect(hasOwnSpans(agent)).to.equal(false);
    expect(unseenRequest(host, agent)).to.match(/^A request to \S+ is not traced, .* The AI SDK sends requests itself/);
    registry.AI_SDK_TELEMETRY_INTEGRATIONS = [{}];
    expect([agent, 'OpenAI/JS 7.0.0', undefined].map(hasOwnSpans)).to.deep.equal([true, false, false]);
    delete registry.AI_SDK_TELEMETRY_INTEGRATIONS;
  });
});
