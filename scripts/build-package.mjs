// Builds the package in the current folder twice, as ES modules and as CommonJS, each with its own types. The code of each
// entry is one file: Node.js needs longer to find and load a hundred small files than to run them.
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
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
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
 * Checks the types for one format, and writes them.
 *
 * @param {'esm' | 'cjs'} format
 */
function compile(format) {
  const compiled = join(COMPILED, format);
  const args = [TSC, '-p', `tsconfig.${format}.json`, '--outDir', compiled];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) return false;
  const isCode = (/** @type {string} */ file) => file.endsWith('.js');
  cpSync(compiled, join(FRESH, format), { recursive: true, filter: (file) => !isCode(file) });
  return true;
}

/**
 * The files of code in `exports`, under any condition.
 *
 * @param {unknown} entries
 * @returns {string[]}
 */
function targets(entries) {
  if (typeof entries === 'string') return entries.endsWith('.js') ? [entries] : [];
  return Object.values(/** @type {object} */ (entries)).flatMap(targets);
}

/** Rollup's settings for all entries. The files run as they are compiled. */
const AS_COMPILED = {
  external: (/** @type {string} */ id) => !id.startsWith('.') && !isAbsolute(id),
  treeshake: false,
  onLog: (/** @type {string} */ _level, /** @type {{ message: string }} */ { message }) => {
    throw new Error(message);
  },
};
const NAMES = { entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' };
/** Test runners that load CommonJS in a context of its own have no `import()` there. */
const COMMONJS = /** @type {const} */ ({ ...NAMES, format: 'cjs', exports: 'named', dynamicImportInCjs: false });

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

/** Writes the code of both formats. What several entries need is in a file of its own, so a process has it once. */
async function bundle() {
  const { exports: entries, peerDependenciesMeta = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
  const names = [...new Set(targets(entries).map((file) => basename(file, '.js')))];
  const graph = await rollup({
    ...AS_COMPILED,
    plugins: [triesOptional(Object.keys(peerDependenciesMeta))],
    input: Object.fromEntries(names.map((name) => [name, resolve(COMPILED, 'esm', `${name}.js`)])),
  });
  // Bundlers warn of the imports for side effects that Rollup would add for Node.js.
  const output = { ...NAMES, hoistTransitiveImports: false };
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
    await bundle();
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
