/** Applications that have one of the clients and no other: what they run, and what their compiler sees. */

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { runProgram } from '../support/programs.js';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGE = 'opentelemetry-instrumentation-bedrock';
const CLIENTS = {
  '@aws-sdk/client-bedrock-runtime': 'BedrockRuntimeClient',
  '@aws-sdk/client-bedrock-agent-runtime': 'BedrockAgentRuntimeClient',
  '@aws-sdk/client-bedrock-agentcore': 'BedrockAgentCoreClient',
} as const;
const NEEDED = [
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/instrumentation',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/semantic-conventions',
];

/** Each prints a line when its call has ended, and works with the client alone. */
const CALLS: Readonly<Record<keyof typeof CLIENTS, string>> = {
  '@aws-sdk/client-bedrock-runtime': `
    const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];
    const answer = await client.send(new sdk.ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
    const found = answer.stopReason;`,
  '@aws-sdk/client-bedrock-agent-runtime': `
    const agent = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
    const { completion } = await client.send(new sdk.InvokeAgentCommand(agent));
    let found = 0;
    for await (const event of completion ?? []) if (event.chunk) found++;`,
  '@aws-sdk/client-bedrock-agentcore': `
    const found = await client.send(new sdk.ListActorsCommand({ memoryId: 'memory-1234567890' })).then(
      () => 'answered',
      (error: Error) => error.name,
    );`,
};

function sourceOf(name: keyof typeof CLIENTS): string {
  return `
    import { writeSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import * as sdk from '${name}';
    import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
    import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
    import { BedrockInstrumentation } from '${PACKAGE}';

    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    provider.register();
    const instrumentation = new BedrockInstrumentation({ requestHook: (span, info) => span.setAttribute('app.operation', info.operation) });
    instrumentation.setTracerProvider(provider);
    instrumentation.manuallyInstrument(sdk);
    const client = new sdk.${CLIENTS[name]}({});
    ${CALLS[name]}
    client.destroy();
    const resolves = (name: string): boolean => {
      try {
        return createRequire(import.meta.url).resolve(name) !== '';
      } catch {
        return false;
      }
    };
    const installed = ${JSON.stringify(Object.keys(CLIENTS))}.filter(resolves);
    writeSync(1, JSON.stringify({ answer: { found, installed } }) + '\\n');
    for (const { name, attributes } of exporter.getFinishedSpans()) writeSync(1, JSON.stringify({ span: { name, attributes } }) + '\\n');
  `;
}

describe('an application with one of the clients alone', function () {
  this.timeout(60_000);
  let simulator: Simulator;
  let folder: string;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Makes an application whose folder has nothing but the packages that it may use. */
  function install(client: keyof typeof CLIENTS): void {
    folder = mkdtempSync(join(tmpdir(), 'alone-'));
    const modules = join(folder, 'node_modules');
    const link = (name: string): void => {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(HERE, 'node_modules', name), join(modules, name), 'junction');
    };
    for (const name of [...NEEDED, client]) link(name);
    mkdirSync(join(modules, '@types'));
    const node = dirname(createRequire(join(HERE, '../../package.json')).resolve('@types/node/package.json'));
    symlinkSync(node, join(modules, '@types/node'), 'junction');
    // A copy: the folder of this checkout has all clients beside it.
    cpSync(join(HERE, 'dist'), join(modules, PACKAGE, 'dist'), { recursive: true });
    cpSync(join(HERE, 'package.json'), join(modules, PACKAGE, 'package.json'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'app.ts'), sourceOf(client));
    const compilerOptions = {
      ...{ target: 'ES2022', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, types: ['node'] },
      // The declarations of this package must not need a client that is absent.
      skipLibCheck: false,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
  }

  for (const client of Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]) {
    it(`compiles and has its calls of ${client} traced`, async () => {
      install(client);
      const compiler = join(HERE, '../../node_modules/typescript/bin/tsc');
      const { stdout } = await promisify(execFile)(process.execPath, [compiler], { cwd: folder }).catch(
        (error: { stdout: string }) => error,
      );
      expect(stdout).to.equal('');
      const { answers, spans } = await runProgram(['app.js'], folder, simulator.url);
      expect(answers).to.have.lengthOf(1);
      expect(answers[0]).to.deep.include({ installed: [client] });
      expect(answers[0]).to.have.property('found').that.is.ok;
      expect(spans).to.have.lengthOf(1);
      expect(spans[0]?.attributes).to.include.keys('app.operation', 'gen_ai.operation.name');
    });
  }
});
