import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runNode } from 'testing/run.js';
import { packagesIn, type Source, textOf } from './sources.js';

/** The members of the workspace. Each has packages that blocks may import. */
const MEMBERS = [
  ...['mlflow-bedrock', 'instrumentation-bedrock', 'exporter-mlflow', 'bedrock-simulator'].map(
    (name) => `packages/${name}`,
  ),
  ...['examples', 'examples/frameworks', 'examples/cdk-fargate', '.'],
];

/** As in an application with `strict`. */
const OPTIONS = { target: 'es2023', module: 'nodenext', moduleDetection: 'force', types: ['node'], skipLibCheck: true };

/**
 * Compiles the blocks of all pages as applications do that have installed the packages: those in TypeScript with
 * `strict`, those in JavaScript with `checkJs`.
 *
 * @param root of the repository; the packages are built
 * @param absent packages that are not installed here, so their types are unknown
 * @returns what is wrong, with page, line and message
 */
export async function compileErrors(
  root: string,
  sources: readonly Source[],
  absent: readonly string[],
): Promise<string[]> {
  const { folder, remove } = writeSources(root, sources, absent);
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    // Several threads would each check the types of the packages.
    const options = ['--singleThreaded', '--pretty', 'false'];
    const { output } = await runNode([tsc, '--build', 'js', 'ts', ...options], { cwd: folder });
    return output
      .split(/\n(?! )/)
      .filter((message) => message !== '')
      .map((message) => located(message, sources));
  } finally {
    remove();
  }
}

/** Writes the sources into a new folder, where Node.js and the compiler find the packages of the workspace. */
export function writeSources(
  root: string,
  sources: readonly Source[],
  absent: readonly string[] = [],
): { folder: string; remove: () => void } {
  mkdirSync(join(root, '.mlflow'), { recursive: true });
  const folder = mkdtempSync(join(root, '.mlflow', 'docs-code-'));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write('package.json', '{ "type": "module" }');
  write('absent.d.ts', absent.map((name) => declarationOf(name, sources)).join('\n'));
  for (const { file, lines } of sources) write(file, textOf(lines));
  const project = (compilerOptions: object, ending: RegExp): string => {
    const files = ['../absent.d.ts', ...sources.flatMap(({ file }) => (ending.test(file) ? [`../${file}`] : []))];
    return JSON.stringify({ compilerOptions: { ...OPTIONS, ...compilerOptions, noEmit: true }, files });
  };
  write('ts/tsconfig.json', project({ strict: true }, /ts$/));
  write('js/tsconfig.json', project({ module: 'preserve', strict: false, allowJs: true, checkJs: true }, /js$/));
  const wanted = new Set(sources.flatMap(({ lines }) => [...packagesIn(textOf(lines))]));
  for (const name of wanted) link(root, folder, name);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Declares a package of which everything is of any type. A type that the sources import by name needs a line. */
function declarationOf(name: string, sources: readonly Source[]): string {
  const imports = new RegExp(`import \\{([^}]*\\btype [^}]*)\\} from '${name}'`, 'g');
  const lists = sources.flatMap(({ lines }) => [...textOf(lines).matchAll(imports)].map(([, list = '']) => list));
  const names = new Set(lists.flatMap((list) => list.match(/\b(?!type\b)\w+/g) ?? []));
  const members = [...names].map((member) => `export const ${member}: any; export type ${member} = any;`);
  return `declare module '${name}'${members.length === 0 ? ';' : ` { ${members.join(' ')} }`}\ndeclare module '${name}/*';`;
}

/** Where a package is installed in this workspace; undefined if it is not. */
export function installedAt(root: string, name: string): string | undefined {
  return MEMBERS.map((member) => join(root, member, 'node_modules', name)).find((path) => existsSync(path));
}

function link(root: string, folder: string, name: string): void {
  const found = installedAt(root, name);
  if (found === undefined) return;
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(found, path, 'junction');
}

/** A message of the compiler with the line of the page instead of the line of the file. */
function located(message: string, sources: readonly Source[]): string {
  const [, path = '', line = '', rest = ''] = /^(?:\.\.\/)*([^(]+)\((\d+),\d+\): (.*)$/s.exec(message) ?? [];
  const source = sources.find(({ file }) => path.endsWith(file));
  const number = source?.lines[Number(line) - 1]?.number;
  return source === undefined || number === undefined ? message : `${source.page}:${number}: ${rest}`;
}
