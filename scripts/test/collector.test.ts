/** Checks without a Collector that the names in deploy/collector exist in the build, in the image and in the docs. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, readCompose } from 'testing/compose.js';
import { parse } from 'yaml';

const FOLDER = join(ROOT, 'deploy/collector');
const KINDS = ['receivers', 'processors', 'connectors', 'exporters', 'extensions'] as const;
const VARIANTS = [
  ['config.yaml'],
  ['config.yaml', 'redaction.yaml'],
  ['config.yaml', 'tail-sampling.yaml'],
  ['config.yaml', 'redaction.yaml', 'tail-sampling.yaml'],
];

type Kind = (typeof KINDS)[number];
type Node = Record<string, unknown>;
type Pipeline = Record<'receivers' | 'processors' | 'exporters', string[] | undefined>;

interface Config extends Partial<Record<Kind, Record<string, Node | null>>> {
  service: { extensions: string[]; pipelines: Record<string, Pipeline> };
}

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** Merges files as the Collector merges several `--config`: the last list replaces the others. */
function load(files: readonly string[]): Config {
  return files.map((file) => parse(read(file), { merge: true }) as Node).reduce(mergeInto) as unknown as Config;
}

function mergeInto(base: Node, overlay: Node): Node {
  const merged = Object.entries(overlay).map(([key, value]) => {
    const under = base[key];
    return [key, isNode(under) && isNode(value) ? mergeInto(under, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('deploy/collector', () => {
  for (const files of VARIANTS) {
    describe(files.join(' + '), () => {
      const config = load(files);
      const pipelines = Object.values(config.service.pipelines);
      const inPipelines = (part: keyof Pipeline): string[] => pipelines.flatMap((pipeline) => pipeline[part] ?? []);
      const defined = (kind: Kind): string[] => Object.keys(config[kind] ?? {});

      it('uses every component that it defines, and defines every component that it uses', () => {
        const sources = inPipelines('receivers');
        const sinks = inPipelines('exporters');
        expect(new Set(sources)).to.deep.equal(new Set([...defined('receivers'), ...defined('connectors')]));
        expect(new Set(sinks)).to.deep.equal(new Set([...defined('exporters'), ...defined('connectors')]));
        expect(new Set(inPipelines('processors'))).to.deep.equal(new Set(defined('processors')));
        expect(config.service.extensions).to.have.members(defined('extensions'));
      });

      it('sends every trace to both exporters', () => {
        for (const exporter of defined('exporters')) {
          let sources = pipelines.filter(({ exporters }) => exporters?.includes(exporter)).flatMap(feeds);
          while (sources.some((source) => defined('connectors').includes(source))) {
            sources = pipelines
              .filter(({ exporters }) => exporters?.some((sink) => sources.includes(sink)))
              .flatMap(feeds);
          }
          expect(sources, exporter).to.deep.equal(['otlp']);
        }
      });

      it('keeps accepted spans on disk until they are delivered', () => {
        for (const exporter of Object.values(config.exporters ?? {})) {
          expect(exporter).to.deep.include.keys('sending_queue', 'retry_on_failure');
          expect(exporter?.['sending_queue']).to.include({ storage: 'file_storage', sizer: 'bytes' });
          expect(exporter?.['retry_on_failure']).to.include({ max_elapsed_time: '0s' });
        }
      });

      it('uses only components that builder.yaml builds', () => {
        for (const kind of KINDS) {
          const built = builtModules(kind);
          for (const id of defined(kind)) expect(built, id).to.include(moduleOf(id, kind));
        }
      });
    });
  }

  it('builds only components that a file uses', () => {
    const all = load(VARIANTS.at(-1) ?? []);
    for (const kind of KINDS) {
      const used = Object.keys(all[kind] ?? {}).map((id) => moduleOf(id, kind));
      expect(builtModules(kind)).to.have.members([...new Set(used)]);
    }
  });

  it('builds the version of the image that docker-compose.yml runs', () => {
    const { dist } = parse(read('builder.yaml')) as { dist: { version: string } };
    const { collector } = readCompose<'collector'>().services;
    const [image = ''] = collector.image.split('@');
    expect(image).to.equal(`otel/opentelemetry-collector-contrib:${dist.version}`);
    expect(readDocs()).to.contain(image);
  });

  it('has every setting with its default in docs/collector.md', () => {
    const rows = [...readDocs().matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`|none) \|/gm)];
    const documented = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
    expect(documented).to.deep.equal(settings());
  });

  for (const setUp of ['tracing-to-collector.ts', 'tracing-by-otlp.ts']) {
    it(`has the tracing set-up of programs/${setUp}, which the tests use, in docs/collector.md`, () => {
      const text = readFileSync(join(ROOT, 'examples/test/programs', setUp), 'utf8');
      const [, ...shown] = text.split('\n');
      expect(readDocs()).to.contain(`\`\`\`ts\n${shown.join('\n')}\`\`\``);
    });
  }

  function feeds({ receivers = [] }: Pipeline): string[] {
    return receivers;
  }

  /** Environment variables with their defaults. */
  function settings(): Record<string, string> {
    const texts = ['config.yaml', 'redaction.yaml', 'tail-sampling.yaml'].map(read).join('\n');
    const used = [...texts.matchAll(/\$\{env:([A-Z_]+)(?::-([^}]*))?\}/g)];
    return Object.fromEntries(used.map(([, name = '', value = '']) => [name, value]));
  }

  function readDocs(): string {
    return readFileSync(join(ROOT, 'docs/collector.md'), 'utf8');
  }

  /** The last part of each module's path. */
  function builtModules(kind: Kind): string[] {
    const manifest = parse(read('builder.yaml')) as Record<Kind, { gomod: string }[]>;
    return manifest[kind].map(({ gomod }) => (gomod.split(' ')[0] ?? '').split('/').at(-1) ?? '');
  }

  /** The exporter `otlp_http/mlflow`, for example, is in the module `otlphttpexporter`. */
  function moduleOf(id: string, kind: Kind): string {
    const type = (id.split('/')[0] ?? '').replaceAll('_', '');
    return type === 'filestorage' ? type : `${type}${kind.slice(0, -1)}`;
  }
});
