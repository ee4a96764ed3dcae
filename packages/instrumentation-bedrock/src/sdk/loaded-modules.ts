/** Modules that Node.js has loaded already: module hooks see only later ones. */

/**
 * Returns the exports of the CommonJS modules of this thread whose path ends as given. The AWS SDK is among them in ES
 * module applications too, because its inner modules are CommonJS.
 *
 * @param endings with slashes, e.g. `@smithy/smithy-client/dist-cjs/index.js`
 */
export function loadedModules(endings: readonly string[]): unknown[] {
  // Not imported: ES module bundles often begin with an import of `createRequire`, and a second one is an error. Any
  // absolute path makes a `require`; all of them share one cache.
  const { cache } = process.getBuiltinModule('node:module').createRequire(process.execPath);
  return Object.keys(cache)
    .filter((file) => {
      const path = file.replaceAll('\\', '/');
      return endings.some((ending) => path.endsWith(`/${ending}`));
    })
    .map((file) => cache[file]?.exports as unknown);
}
