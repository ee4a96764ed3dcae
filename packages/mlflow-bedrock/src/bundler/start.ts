/** Starts tracing before the code of an entry runs. */

/** The module that starts tracing. */
export const REGISTER = 'mlflow-bedrock/register';

/** White space and comments. Each part matches in one way only, so that long comments cost no time. */
const BLANK = String.raw`(?:\s|//[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*`;
/** The line of a program, and directives such as `'use cache'`, which must come before all statements. */
const PROLOGUE = new RegExp(String.raw`^(?:#!.*\n)?(?:${BLANK}(['"])use [\w: -]+\1(?:;|(?=\s)))*`);
/** The directive of a module for the browser, which servers of React also render. */
const USE_CLIENT = new RegExp(`^${BLANK}(['"])use client\\1`);
const MODULE_SYNTAX = /^\s*(?:import\b(?!\s*[(.])|export\b)/m;
const COMMONJS_SYNTAX = /\brequire\s*\(|\bmodule\.exports\b|\bexports\.\w/;

/**
 * Returns the code of a module with an import of another one before all other statements. It adds no line, so source maps stay
 * right.
 *
 * @param start the other module. Default: {@link REGISTER}
 */
export function startTracing(code: string, start: string = REGISTER): string {
  const isCommonJs = COMMONJS_SYNTAX.test(code) && !MODULE_SYNTAX.test(code);
  const statement = isCommonJs ? `require('${start}'); ` : `import '${start}'; `;
  const at = PROLOGUE.exec(code)?.[0].length ?? 0;
  const separator = /['"]/.test(code.charAt(at - 1)) ? ';' : '';
  return code.slice(0, at) + separator + statement + code.slice(at);
}

export function isForBrowser(code: string): boolean {
  return USE_CLIENT.test(code);
}
