import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCompose } from 'testing/compose.js';

/** What commands in the docs can name. */
export interface Repository {
  /** Whether this path from the root exists. */
  has(path: string): boolean;
  /** The npm scripts of the root, and of the examples with an installation of their own. */
  readonly scripts: ReadonlySet<string>;
  /** The packages of the lock file, of this workspace, and of the examples with an installation of their own. */
  readonly packages: ReadonlySet<string>;
  /** The services of docker-compose.yml, and their profiles. */
  readonly services: ReadonlySet<string>;
  readonly profiles: ReadonlySet<string>;
  /** The names of variables in capitals that programs and settings mention. */
  readonly variables: ReadonlySet<string>;
  /** The names of options that programs and their usage mention, without `--`. */
  readonly options: ReadonlySet<string>;
}

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Variables that OpenTelemetry's own exporter reads. */
const OF_OPENTELEMETRY = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];
/** What runs, without its tests. */
const PROGRAMS = ['.env.example', 'bench', 'deploy', 'docker-compose.yml', 'examples', 'packages', 'scripts'];
/** Begins the entry of a package in pnpm-lock.yaml. Reading the whole file takes half a second. */
const LOCKED = /^ {2}'?((?:@[\w.-]+\/)?[\w.-]+)@\d[^:]*:$/gm;
const SKIPPED = /^(?:node_modules|dist|test|\..*)$/;
const CODE = /(?:\.(?:[cm]?[jt]s|py|sh|ya?ml)|\.env\.example)$/;

export function readRepository(root: string): Repository {
  const manifest = (folder: string): Manifest =>
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
  const below = (folder: string): string[] => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  const own = below('packages').map(manifest);
  const installedApart = below('examples/bundled')
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map(manifest);
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  const services = Object.entries(readCompose().services);
  const code = PROGRAMS.flatMap((path) => filesBelow(root, path)).map((file) => readFileSync(join(root, file), 'utf8'));
  const named = (pattern: RegExp): Set<string> =>
    new Set(code.flatMap((text) => [...text.matchAll(pattern)].map(([, name = '']) => name)));
  return {
    has: (path) => existsSync(join(root, path)),
    scripts: new Set([manifest('.'), ...installedApart].flatMap(({ scripts = {} }) => Object.keys(scripts))),
    packages: new Set([
      ...[...lock.matchAll(LOCKED)].map(([, name = '']) => name),
      ...own.map(({ name }) => name),
      ...installedApart.flatMap(({ dependencies, devDependencies }) =>
        Object.keys({ ...dependencies, ...devDependencies }),
      ),
    ]),
    services: new Set(services.map(([name]) => name)),
    profiles: new Set(services.flatMap(([, { profiles = [] }]) => profiles)),
    variables: new Set([...OF_OPENTELEMETRY, ...named(/\b([A-Z][A-Z\d]*(?:_[A-Z\d]+)+|PORT)\b/g)]),
    options: named(/--([a-z][a-z-]+)/g),
  };
}

function filesBelow(root: string, path: string): string[] {
  const folder = readdirSync(join(root, path, '..'), { withFileTypes: true }).find(({ name }) => path.endsWith(name));
  if (folder === undefined || folder.isFile()) return CODE.test(path) ? [path] : [];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : filesBelow(root, `${path}/${entry.name}`);
    return CODE.test(entry.name) ? [`${path}/${entry.name}`] : [];
  });
}
