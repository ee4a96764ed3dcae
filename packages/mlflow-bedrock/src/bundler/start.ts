/** Starts tracing before the code of an entry runs. */

/** The module that starts tracing. */
export const REGISTER = 'mlflow-bedrock/register';

const HASHBANG = /^#!.*\n/;
const MODULE_SYNTAX = /^\s*(?:import\b(?!\s*[(.])|export\b)/m;
const COMMONJS_SYNTAX = /\brequire\s*\(|\bmodule\.exports\b|\bexports\.\w/;

/**
 * Returns the code of an entry with an import of {@link REGISTER} before everything else. It adds no line, so source maps
 * stay right.
 */
export function startTracing(code: string): string {
  const isCommonJs = COMMONJS_SYNTAX.test(code) && !MODULE_SYNTAX.test(code);
  const statement = isCommonJs ? `require('${REGISTER}'); ` : `import '${REGISTER}'; `;
  const at = HASHBANG.exec(code)?.[0].length ?? 0;
  return code.slice(0, at) + statement + code.slice(at);
}
