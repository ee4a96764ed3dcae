/** What the bundler plugin does to code, and bundles of esbuild. `bundlers.nightly.test.ts` runs the other bundlers. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as esbuild from 'esbuild';
import { mlflowBedrock } from 'mlflow-bedrock/esbuild';
import { ANSWER, useBundles } from 'testing/bundles.js';
import { handOver, SDK_MODULE } from '../../src/bundler/hand-over.js';
import { loadSqliteWhenUsed, UNDICI_MODULE } from '../../src/bundler/lazy-sqlite.js';
import { startTracing } from '../../src/bundler/start.js';
import { mlflowBedrock as mlflowBedrockForVite } from '../../src/vite.js';

const INSTRUMENTATION = fileURLToPath(new URL('../../../instrumentation-bedrock/package.json', import.meta.url));
const programs = fileURLToPath(new URL('../programs/', import.meta.url));

/** The folder of a package that another one depends on. */
function folderOf(name: string, dependent = INSTRUMENTATION): string {
  const [folder] = createRequire(dependent)
    .resolve(`${name}/package.json`)
    .split(/(?=\/package\.json$)/);
  return String(folder);
}

/** A hook of the plugin for Vite. */
interface Transform {
  readonly filter?: { readonly id?: RegExp };
  handler(this: object, code: string, id: string): { readonly code: string } | undefined;
}

/** The modules of a package that the plugin changes, without the folder of the package. */
function changed(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.m?js$/.test(file) && SDK_MODULE.test(join(folder, file)))
    .filter((file) => handOver(readFileSync(join(folder, file), 'utf8')) !== undefined)
    .toSorted();
}

describe('the bundler plugin', () => {
  it('hands over the class of the newest AWS SDK, once in each of its module formats', () => {
    const core = folderOf('@smithy/core', join(folderOf('@aws-sdk/client-bedrock-runtime'), 'package.json'));
    expect(changed(core)).to.deep.equal([
      'dist-cjs/submodules/client/index.js',
      'dist-es/submodules/client/smithy-client/client.js',
    ]);
  });

  it('hands over the class of the AWS SDK 3.600, once in each of its module formats', () => {
    const client = join(folderOf('client-bedrock-runtime-3-600'), 'package.json');
    expect(changed(folderOf('@smithy/smithy-client', client))).to.deep.equal([
      'dist-cjs/index.js',
      'dist-es/client.js',
    ]);
    expect(changed(folderOf('@smithy/core', client))).to.deep.equal([]);
  });

  for (const [version, name] of [
    ['4', 'openai-4'],
    ['5', 'openai-5'],
    ['6', 'openai-6'],
    ['7', 'openai'],
  ] as const) {
    it(`hands over the class of openai ${version}, once in each of its module formats`, () => {
      const module = version === '4' ? 'index' : 'client';
      // pnpm installs aliases under the name of the package.
      const folder = dirname(createRequire(INSTRUMENTATION).resolve(name));
      expect(changed(folder)).to.deep.equal([`${module}.js`, `${module}.mjs`]);
    });
  }

  it('leaves modules of an application alone that have the same names', () => {
    expect(SDK_MODULE.test('/app/src/openai/client.js')).to.equal(false);
    expect(SDK_MODULE.test('/app/node_modules/other/dist-es/client.js')).to.equal(false);
    expect(SDK_MODULE.test('C:\\app\\node_modules\\@smithy\\core\\dist-es\\submodules\\client\\client.js')).to.equal(
      true,
    );
  });

  it('keeps every line where it was, and a reference to a source map in the last line', () => {
    const code = 'export class Client {\n}\n//# sourceMappingURL=client.mjs.map\n';
    const lines = String(handOver(code)).split('\n');
    expect(lines.slice(0, 2)).to.deep.equal(['export class Client {', '}']);
    expect(lines.at(-2)).to.equal('//# sourceMappingURL=client.mjs.map');
    expect(lines).to.have.lengthOf(5);
  });

  it('starts tracing in the first line of an entry, with the syntax of its module format', () => {
    const start = "import 'mlflow-bedrock/register'; ";
    expect(startTracing("import x from 'x';\nx();")).to.equal(`${start}import x from 'x';\nx();`);
    expect(startTracing('run();')).to.equal(`${start}run();`);
    expect(startTracing("await import('x');\nrequire('y');")).to.equal(
      "require('mlflow-bedrock/register'); await import('x');\nrequire('y');",
    );
    expect(startTracing('#!/usr/bin/env node\nrun();')).to.equal(`#!/usr/bin/env node\n${start}run();`);
  });

  it('finds each require of node:sqlite in undici', () => {
    const exporter = fileURLToPath(new URL('../../../exporter-mlflow/package.json', import.meta.url));
    const folder = folderOf('undici', exporter);
    const files = readdirSync(join(folder, 'lib'), { recursive: true, encoding: 'utf8' }).map((file) =>
      join('lib', file),
    );
    const code = (file: string): string => readFileSync(join(folder, file), 'utf8');
    const requiring = files.filter((file) => file.endsWith('.js') && /require\(.node:sqlite/.test(code(file)));
    expect(requiring).to.have.lengthOf(2);
    for (const file of requiring) {
      expect(UNDICI_MODULE.test(join(folder, file)), file).to.equal(true);
      expect(loadSqliteWhenUsed(code(file))).not.to.match(/require\(.node:sqlite/);
    }
  });
});

describe('the plugin for Vite', () => {
  /** What the plugin makes of a module in the bundle for a consumer. */
  function transformed(consumer: 'client' | 'server', id: string, code: string): string {
    const environment = { config: { consumer } };
    const context = { environment, getModuleInfo: () => ({ isEntry: id === '/app/entry.js' }) };
    return mlflowBedrockForVite().reduce((before, { transform }) => {
      const { handler, filter } = transform as unknown as Transform;
      if (filter?.id?.test(id) === false) return before;
      return handler.call(context, before, id)?.code ?? before;
    }, code);
  }

  it('changes the SDK and the entry of the server, and nothing of what browsers get', () => {
    const modules = { '/app/node_modules/openai/client.mjs': 'export class OpenAI {}', '/app/entry.js': 'run();' };
    for (const [id, code] of Object.entries(modules)) {
      expect(transformed('client', id, code)).to.equal(code);
      expect(transformed('server', id, code)).not.to.equal(code);
    }
  });
});

describe('a bundle of esbuild', function () {
  this.timeout(60_000);
  const bundles = useBundles();
  const shared: esbuild.BuildOptions = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

  it('traces its calls with one line in the build, minified, and with source maps', async () => {
    const outfile = join(bundles.folder, 'app.cjs');
    const { warnings } = await esbuild.build({
      ...shared,
      entryPoints: [join(programs, 'bundled.mjs')],
      outfile,
      minify: true,
      sourcemap: true,
      plugins: [mlflowBedrock()],
    });
    expect(warnings).to.deep.equal([]);
    const { spans, ...run } = await bundles.run(['app.cjs']);
    expect(run).to.deep.equal({ stdout: `${ANSWER}\n`, stderr: '', end: 0 });
    expect(spans.map(({ name }) => name)).to.deep.equal(['chat amazon.nova-lite-v1:0']);
    expect(spans[0]?.attributes).to.include.keys('gen_ai.usage.output_tokens', 'mlflow.spanOutputs');
    const { sources } = JSON.parse(readFileSync(`${outfile}.map`, 'utf8')) as { sources: string[] };
    expect(sources.some((source) => source.endsWith('bundled.mjs'))).to.equal(true);
    expect(sources.some((source) => SDK_MODULE.test(source))).to.equal(true);
  });

  it('keeps the options of an application that starts tracing itself, also after a rebuild', async () => {
    const build = await esbuild.context({
      ...shared,
      entryPoints: [join(programs, 'bundled-autolog.mjs')],
      outfile: join(bundles.folder, 'autolog.cjs'),
      plugins: [mlflowBedrock({ register: false })],
    });
    await build.rebuild();
    await build.rebuild();
    await build.dispose();
    const { spans, ...run } = await bundles.run(['autolog.cjs']);
    expect(run).to.deep.equal({ stdout: `${ANSWER}\n`, stderr: '', end: 0 });
    expect(spans).to.have.lengthOf(1);
    expect(spans[0]?.attributes).not.to.include.keys('mlflow.spanOutputs');
  });

  it('sends its spans to MLflow, and says once that the OTLP exporter is neither inside nor installed', async () => {
    await esbuild.build({
      ...shared,
      entryPoints: [join(programs, 'bundled.mjs')],
      outfile: join(bundles.folder, 'without-otlp.cjs'),
      external: ['@opentelemetry/exporter-trace-otlp-proto'],
      plugins: [mlflowBedrock()],
    });
    const { spans, stderr, end } = await bundles.run(['without-otlp.cjs'], { env: { OTEL_TRACES_EXPORTER: 'otlp' } });
    expect(spans.map(({ name }) => name)).to.deep.equal(['chat amazon.nova-lite-v1:0']);
    expect(stderr).to.match(
      /^mlflow-bedrock: the OTLP exporter cannot be loaded, so the OTLP backend gets no spans: Cannot find package '@opentelemetry\/exporter-trace-otlp-proto' imported from .*\. Let the bundler include the package, or install it beside the bundle\.\n$/,
    );
    expect(end).to.equal(0);
  });

  it('finds tracing if the build runs outside of the package, as in a monorepo', async () => {
    const { outputFiles } = await esbuild.build({
      ...shared,
      absWorkingDir: bundles.folder,
      entryPoints: [join(programs, 'bundled.mjs')],
      write: false,
      plugins: [mlflowBedrock()],
    });
    expect(outputFiles?.[0]?.text).to.include('sdks.v1');
  });

  const app = join(programs, 'bundled.mjs');
  const external: esbuild.BuildOptions = { ...shared, write: false, format: 'esm', packages: 'external' };
  const importsIn = (file?: esbuild.OutputFile): (string | undefined)[] =>
    [...String(file?.text).matchAll(/^import .*?"(.*)";$/gm)].map(([, name]) => name);

  const forms: Record<string, NonNullable<esbuild.BuildOptions['entryPoints']>> = {
    'a list': [app],
    'a record of names': { app },
    'a list of names': [{ in: app, out: 'app' }],
  };
  for (const [form, entryPoints] of Object.entries(forms)) {
    it(`imports tracing first if packages stay out of the bundle, with its entries in ${form}`, async () => {
      const plugins = [mlflowBedrock()];
      const { outputFiles } = await esbuild.build({ ...external, entryPoints, outdir: bundles.folder, plugins });
      expect(importsIn(outputFiles?.[0])).to.deep.equal(['mlflow-bedrock/register', '@aws-sdk/client-bedrock-runtime']);
    });
  }

  it('imports tracing before what the application injects, also into a bundle of standard input', async () => {
    const injected = join(bundles.folder, 'injected.js');
    writeFileSync(injected, "import 'injected-by-the-application';");
    const { outputFiles } = await esbuild.build({
      ...external,
      stdin: { contents: "import 'first-of-the-application';", resolveDir: programs },
      inject: [injected],
      plugins: [mlflowBedrock()],
    });
    expect(importsIn(outputFiles?.[0])).to.deep.equal([
      'mlflow-bedrock/register',
      'injected-by-the-application',
      'first-of-the-application',
    ]);
  });
});
