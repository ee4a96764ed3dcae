/** Lets bundles of Rollup run on a Node.js without `node:sqlite`. */

/** The modules of undici, which the exporter uses, that require `node:sqlite` when a cache in a database is created. */
export const UNDICI_MODULE: RegExp =
  /[\\/]node_modules[\\/]undici[\\/]lib[\\/](?:util[\\/]runtime-features|cache[\\/]sqlite-cache-store)\.js$/;

const REQUIRE = /\brequire\((['"])node:sqlite\1\)/g;

/**
 * Returns code that loads `node:sqlite` when it is used. Rollup's plugin for CommonJS makes an import of the `require`, so
 * Node.js would load it at the start: Node.js 20 has no such module, and newer ones warn that it is experimental.
 */
export function loadSqliteWhenUsed(code: string): string {
  return code.replaceAll(REQUIRE, "process.getBuiltinModule('node:sqlite')");
}
