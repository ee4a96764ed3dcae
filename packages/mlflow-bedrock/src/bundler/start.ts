/** Starts tracing before the code of an entry runs. */

/** The module that starts tracing. */
export const REGISTER = 'mlflow-bedrock/register';

const HASHBANG = /^#!.*\n/;
const MODULE_SYNTAX = /^\s*(?:import\b(?!\s*[(.])|export\b)/m;
const COMMONJS_SYNTAX = /\brequire\s*\(|\bmodule\.exports\b|\bexports\.\w/;

/**
 * Returns the code of a module with an import of another one before everything else. It adds no line, so source maps stay
 * right.
 *
 * @param start the other module. Default: {@link REGISTER}
 */
export function startTracing(code: string, start: string = REGISTER): string {
  const isCommonJs = COMMONJS_SYNTAX.test(code) && !MODULE_SYNTAX.test(code);
  const statement = isCommonJs ? `require('${start}'); ` : `import '${start}'; `;
  const at = HASHBANG.exec(code)?.[0].length ?? 0;
  return code.slice(0, at) + statement + code.slice(at);
}
