/** Builds the servers of examples/bundled as their users do, runs them, and reads the spans of their calls. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { installPackages, newerNode } from 'testing/npm.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';
import { freePort, isPortFree } from 'testing/ports.js';
import { startServer } from 'testing/server.js';
import { packPackages } from '../release/pack.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.mlflow', 'bundled-servers');
const EXAMPLES_FOLDER = join(ROOT, 'examples', 'bundled');
const EXAMPLES = ['nextjs', 'nuxt', 'sveltekit'];
const APPLICATIONS = join(FOLDER, 'applications');
const OPENAI = { openai: '7.59.0' };
const QUESTION = 'How long is a piece of string?';
const CLAUDE = 'chat anthropic.claude-3-haiku-20240307-v1:0';
const GPT = 'chat openai.gpt-oss-20b-1:0';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (example: string): Manifest =>
  JSON.parse(readFileSync(join(EXAMPLES_FOLDER, example, 'package.json'), 'utf8')) as Manifest;

/** A route that calls Bedrock with OpenAI's SDK, without the way in which the framework takes it. */
const ASK = `import OpenAI from 'openai';
const messages = [{ role: 'user', content: '${QUESTION}' }];
const ask = async () => {
  const { choices } = await new OpenAI().chat.completions.create({ model: 'openai.gpt-oss-20b-1:0', messages });
  return choices[0].message.content;
};
`;
const GET_OPENAI = `${ASK}export const GET = async () => new Response(await ask());`;
/** A route whose packages Next.js leaves outside of the bundle. */
const PAGES_API = `import { ask } from '../../app/bedrock.js';
export default async (_request, response) => response.send(await ask('${QUESTION}'));`;
/** Loads tracing in the Edge runtime only. */
const EDGE_START =
  "export async function register() { if (process.env.NEXT_RUNTIME === 'edge') await import('mlflow-bedrock/register'); }";
const EDGE = "export const runtime = 'edge';\nexport const GET = () => new Response(process.env.NEXT_RUNTIME);";

describe('a bundled server', function () {
  this.timeout(400_000);
  let simulator: Simulator;
  let receiver: OtlpReceiver;
  let temporary: string;
  before(async () => {
    await buildPackages();
    await install();
    simulator = await startSimulator();
    temporary = mkdtempSync(join(tmpdir(), 'bundled-servers-'));
  });
  after(async () => {
    rmSync(temporary, { recursive: true, force: true });
    await simulator.close();
  });
  beforeEach(async () => {
    receiver = await startOtlpReceiver();
  });
  afterEach(() => receiver.close());

  /** Installs the packages of all examples once, in the folder above them, as a monorepo has them. */
  async function install(): Promise<void> {
    const packed = await packPackages(join(FOLDER, 'packed'));
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    const manifests = EXAMPLES.map(manifestOf);
    const theirs = manifests.map(({ dependencies, devDependencies }) => ({ ...dependencies, ...devDependencies }));
    const all = Object.assign({}, ...theirs, OPENAI, own);
    await installPackages(APPLICATIONS, all, { files: packed.map(({ file }) => file) });
  }

  /** Copies an example, and adds files to it. OpenAI's SDK is a development dependency, which SvelteKit bundles. */
  function application(example: string, files: Readonly<Record<string, string>>): string {
    const folder = join(APPLICATIONS, example);
    rmSync(folder, { recursive: true, force: true });
    cpSync(join(EXAMPLES_FOLDER, example), folder, { recursive: true });
    const manifest = manifestOf(example);
    const devDependencies = { ...manifest.devDependencies, ...OPENAI };
    const added = { ...files, 'package.json': JSON.stringify({ ...manifest, devDependencies }) };
    for (const [file, code] of Object.entries(added)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    return folder;
  }

  function environment(settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: _, NODE_ENV: __, ...own } = process.env;
    return {
      ...own,
      NEXT_TELEMETRY_DISABLED: '1',
      NUXT_TELEMETRY_DISABLED: '1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      OPENAI_BASE_URL: `${simulator.url}/openai/v1`,
      OPENAI_API_KEY: 'simulator',
      OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: new URL(simulator.url).host,
      MLFLOW_TRACKING_URI: receiver.url,
      ...settings,
    };
  }

  /** Builds an application, which must not send spans by this. */
  async function build(directory: string, node: string, args: readonly string[]): Promise<void> {
    await execa(node, args, { cwd: directory, env: environment(), extendEnv: false });
    expect(receiver.spans).to.deep.equal([]);
  }

  /**
   * Runs a server, calls its routes, and checks that each call has one span.
   *
   * @param outside routes of an SDK outside of the bundle, which are called first, when nothing else has started tracing
   * @param edge a route in the Edge runtime
   */
  async function expectSpans(
    directory: string,
    [node, ...args]: readonly [string, ...string[]],
    outside: readonly string[] = [],
    edge?: string,
  ): Promise<void> {
    const expected = [...outside.map(() => CLAUDE), CLAUDE, CLAUDE, GPT];
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const address = { PORT: String(port), HOST: '127.0.0.1', HOSTNAME: '127.0.0.1', ORIGIN: origin };
    // Next.js makes spans of its own.
    const settings = { MLFLOW_SPAN_FILTER: 'gen_ai', OTEL_BSP_SCHEDULE_DELAY: '50' };
    const server = await startServer({
      name: 'The bundled server',
      command: [node, ...args],
      directory,
      env: environment({ ...address, ...settings }),
      isReady: async () => !(await isPortFree(port)),
      stopSignal: 'SIGTERM',
    });
    const post = async (body: object): Promise<string> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${origin}/api/chat`, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await response.text();
      expect(response.status, text).to.equal(200);
      return text;
    };
    try {
      const before = await Promise.all(outside.map(async (path) => (await fetch(`${origin}${path}`)).text()));
      const { answer } = JSON.parse(await post({ question: QUESTION })) as { answer: string };
      for (const text of before) expect(text).to.equal(answer);
      expect(await post({ question: QUESTION, isStreamed: true })).to.equal(answer);
      expect(await (await fetch(`${origin}/api/openai`)).text()).to.equal(answer);
      if (edge !== undefined) expect(await (await fetch(`${origin}${edge}`)).text()).to.equal('edge');
      await receiver.received(expected.length);
    } finally {
      await server.close();
    }
    expect(receiver.spans.map(({ name }) => name).toSorted()).to.deep.equal(expected);
    for (const { attributes } of receiver.spans) {
      expect(attributes['gen_ai.provider.name']).to.equal('aws.bedrock');
      expect(Number(attributes['gen_ai.usage.output_tokens'])).to.be.above(0);
      expect(JSON.stringify(attributes)).to.include(QUESTION);
    }
  }

  /** Copies what a platform runs, without the packages beside it. */
  function deployed(output: string): string {
    const copy = mkdtempSync(join(temporary, 'deployed-'));
    cpSync(output, copy, { recursive: true });
    const [server] = readdirSync(copy, { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?:^|[\\/])(?:server\.js|index\.mjs)$/.test(file) && !file.includes('node_modules'))
      .toSorted((one, other) => one.length - other.length);
    return join(copy, server ?? '');
  }

  describe('of Next.js', () => {
    const NEXT = join(APPLICATIONS, 'node_modules/next/dist/bin/next');
    const ROUTES = { 'app/api/openai/route.js': GET_OPENAI, 'pages/api/outside.js': PAGES_API };

    it('built with Turbopack traces its calls, beside a route in the Edge runtime', async () => {
      // A cache for the next build would take a fifth of the time.
      const config = readFileSync(join(EXAMPLES_FOLDER, 'nextjs/next.config.js'), 'utf8').replace(
        "output: 'standalone'",
        '$&, experimental: { turbopackFileSystemCacheForBuild: false }',
      );
      const edge = { 'app/api/edge/route.js': EDGE, 'instrumentation.js': EDGE_START };
      const folder = application('nextjs', { ...ROUTES, ...edge, 'next.config.js': config });
      await build(folder, process.execPath, [NEXT, 'build']);
      const server = deployed(join(folder, '.next/standalone'));
      await expectSpans(dirname(server), [process.execPath, server], ['/api/outside'], '/api/edge');
    });

    it('built with webpack traces its calls', async () => {
      // With all packages outside of this folder, Next.js does not look for the files of each route.
      const config = `import { withMlflowBedrock } from 'mlflow-bedrock/next';
export default withMlflowBedrock(async () => ({
  outputFileTracingRoot: import.meta.dirname,
  webpack(config) {
    config.optimization.minimize = false;
    return config;
  },
}));`;
      const folder = application('nextjs', { ...ROUTES, 'next.config.js': config });
      await build(folder, process.execPath, [NEXT, 'build', '--webpack', '--experimental-build-mode', 'compile']);
      await expectSpans(folder, [process.execPath, NEXT, 'start'], ['/api/outside']);
    });
  });

  it('of Nuxt traces its calls', async () => {
    const route = `${ASK}export default defineEventHandler(ask);`;
    const folder = application('nuxt', { 'server/api/openai.get.js': route });
    const node = await newerNode();
    await build(folder, node, ['../node_modules/nuxt/bin/nuxt.mjs', 'build']);
    const server = deployed(join(folder, '.output/server'));
    await expectSpans(dirname(server), [node, server]);
  });

  it('of SvelteKit traces its calls, with SDKs inside and outside of the bundle', async () => {
    const folder = application('sveltekit', { 'src/routes/api/openai/+server.js': GET_OPENAI });
    const node = await newerNode();
    await build(folder, node, ['../node_modules/vite/bin/vite.js', 'build']);
    await expectSpans(folder, [node, 'build']);
  });
});
