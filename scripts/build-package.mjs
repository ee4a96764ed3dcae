// Builds the package in the current folder twice, as ES modules and as CommonJS, each with its own types. The code of each
// entry is one file without comments: Node.js needs longer to find and load a hundred small files than to run them, and it
// reads comments at every start. Maps lead from code and types to the sources, which are a part of the package.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
// The build is made here and moved in one step, so that a running program never finds half a build. This folder is on the
// same disk, and every tool ignores node_modules.
const ASIDE = join('node_modules', `.build-${process.pid}`);
const COMPILED = join(ASIDE, 'compiled');
const FRESH = join(ASIDE, 'dist');
/** Its time stamp is the start of the build. packages/testing/src/build.ts compares it with the sources. */
const STAMP = join(FRESH, 'cjs', 'package.json');

/**
 * Compiles the sources as a configuration says. Each format has its own, which checks the types as that format reads them.
 *
 * @param {'esm' | 'cjs'} format
 */
function compile(format) {
  const args = [TSC, '-p', `tsconfig.${format}.json`, '--outDir', join(COMPILED, format)];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0;
}

/**
 * The names of the files in `exports`, under any condition.
 *
 * @param {unknown} entries
 * @param {'.js' | '.d.ts'} ending
 * @returns {string[]}
 */
function targets(entries, ending) {
  if (typeof entries === 'string') return entries.endsWith(ending) ? [basename(entries, ending)] : [];
  const names = Object.values(/** @type {object} */ (entries)).flatMap((entry) => targets(entry, ending));
  return [...new Set(names)];
}

/**
 * Writes the declarations that the entries need, for both formats. They are the same for both, and no entry needs the others.
 *
 * @param {readonly string[]} names
 */
function writeTypes(names) {
  const folder = resolve(COMPILED, 'cjs');
  const needed = new Set(names.map((name) => join(folder, `${name}.d.ts`)));
  for (const file of needed) {
    const text = readFileSync(file, 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      needed.add(resolve(dirname(file), `${target}.d.ts`));
    }
    for (const format of ['esm', 'cjs']) {
      const path = join(format, relative(folder, file));
      const written = join(FRESH, path);
      mkdirSync(dirname(written), { recursive: true });
      writeFileSync(written, text);
      const map = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
      map.sources = map.sources.map((/** @type {string} */ source) => fromDist(resolve(dirname(file), source), path));
      writeFileSync(`${written}.map`, JSON.stringify(map));
    }
  }
}

/**
 * The path of a source, as seen from a file of the build.
 *
 * @param {string} source
 * @param {string} file relative to the build
 */
function fromDist(source, file) {
  return relative(resolve('dist', dirname(file)), source).replaceAll('\\', '/');
}

/** Reads what the compiler wrote, with its map. */
const COMPILER_MAPS = {
  name: 'compiler-maps',
  load: (/** @type {string} */ id) => ({
    code: readFileSync(id, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'),
    map: readFileSync(`${id}.map`, 'utf8'),
  }),
};

/** Rollup's settings for all entries. The files run as they are compiled. */
const AS_COMPILED = {
  external: (/** @type {string} */ id) => !id.startsWith('.') && !isAbsolute(id),
  treeshake: false,
  onLog: (/** @type {string} */ _level, /** @type {{ message: string }} */ { message }) => {
    throw new Error(message);
  },
};
/** @type {import('rollup').OutputOptions} */
const FILES = {
  entryFileNames: '[name].js',
  chunkFileNames: 'shared/[name].js',
  sourcemap: true,
  sourcemapExcludeSources: true,
  sourcemapPathTransform: (source, map) => fromDist(resolve(dirname(map), source), relative(resolve(FRESH), map)),
};
/** Test runners that load CommonJS in a context of its own have no `import()` there. */
const COMMONJS = /** @type {const} */ ({ ...FILES, format: 'cjs', exports: 'named', dynamicImportInCjs: false });

/**
 * Loads optional packages inside of `try`. Bundlers leave such a package out if they do not find it, and fail otherwise.
 * Rollup would put the `require` into a function of its own, where bundlers do not see the `try` around it.
 *
 * @param {readonly string[]} packages
 * @returns {import('rollup').Plugin}
 */
function triesOptional(packages) {
  return {
    name: 'tries-optional',
    renderDynamicImport({ format, targetModuleId }) {
      if (format !== 'cjs' || !packages.includes(targetModuleId ?? '')) return null;
      const left = 'new Promise((resolve, reject) => { try { resolve(require(';
      return { left, right: ')); } catch (error) { reject(error); } })' };
    },
  };
}

/**
 * Writes the code of both formats. What several entries need is in a file of its own, so a process has it once.
 *
 * @param {readonly string[]} names
 * @param {readonly string[]} optional
 */
async function bundle(names, optional) {
  const graph = await rollup({
    ...AS_COMPILED,
    plugins: [COMPILER_MAPS, triesOptional(optional)],
    input: Object.fromEntries(names.map((name) => [name, resolve(COMPILED, 'esm', `${name}.js`)])),
  });
  // Bundlers warn of the imports for side effects that Rollup would add for Node.js.
  const output = { ...FILES, hoistTransitiveImports: false };
  await graph.write({ ...output, dir: join(FRESH, 'esm'), format: 'es' });
  await graph.write({ ...COMMONJS, hoistTransitiveImports: false, dir: join(FRESH, 'cjs') });
  await graph.close();
}

/**
 * Writes the programs in `src/programs`, as CommonJS. They share no file with the other entries, which would otherwise be
 * divided into more files.
 */
async function bundlePrograms() {
  const folder = resolve(COMPILED, 'esm', 'programs');
  if (!existsSync(folder)) return;
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const graph = await rollup({
    ...AS_COMPILED,
    plugins: [COMPILER_MAPS],
    input: Object.fromEntries(files.map((file) => [basename(file, '.js'), join(folder, file)])),
  });
  const dir = join(FRESH, 'cjs', 'programs');
  await graph.write({ ...COMMONJS, dir });
  await graph.close();
  for (const file of files) chmodSync(join(dir, file), 0o755);
}

function replaceDist() {
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync('dist')) renameSync('dist', join(ASIDE, `old-${attempt}`));
      renameSync(FRESH, 'dist');
      return;
    } catch (error) {
      // Another build of this package has just created the folder.
      if (attempt === 5) throw error;
    }
  }
}

const started = new Date();
mkdirSync(ASIDE, { recursive: true });
try {
  if (!compile('esm') || !compile('cjs')) {
    process.exitCode = 1;
  } else {
    const { exports: entries, peerDependenciesMeta = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
    writeTypes(targets(entries, '.d.ts'));
    await bundle(targets(entries, '.js'), Object.keys(peerDependenciesMeta));
    await bundlePrograms();
    // The package is "type": "module"; this marks the second build for Node.js and TypeScript as CommonJS.
    writeFileSync(STAMP, '{ "type": "commonjs" }\n');
    // The start, so that a source that changed during the build is newer than the build.
    utimesSync(STAMP, started, started);
    replaceDist();
    cpSync(join(ROOT, 'LICENSE'), 'LICENSE');
  }
} finally {
  rmSync(ASIDE, { recursive: true, force: true });
}
