const PARAMETERS = /^(?:async\b\s*)?(?:function\b\s*)?\*?\s*(?:[\w$]+\s*)?\(([^()]*)\)|^(?:async\s+)?([\w$]+)\s*=>/;
const NAMES = /^\s*[A-Za-z_$][\w$]*(?:\s*,\s*[A-Za-z_$][\w$]*)*\s*,?\s*$/;

/**
 * Reads the parameter names from the source of a function. Undefined if a parameter has a default, is destructured or
 * is a rest parameter.
 */
export function parameterNames(fn: (...args: never[]) => unknown): readonly string[] | undefined {
  const source = Function.prototype.toString.call(fn);
  const match = PARAMETERS.exec(source);
  const list = match?.[1] ?? match?.[2];
  if (list === undefined || !NAMES.test(list)) return undefined;
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * Returns the input of a call as MLflow's own SDKs record it: an object with a property for each parameter. Without
 * names, it is a single object argument as it is, else the list of arguments.
 */
export function callInput(args: readonly unknown[], names: readonly string[] | undefined): unknown {
  if (args.length === 0) return {};
  if (names !== undefined && args.length <= names.length) {
    return Object.fromEntries(args.map((argument, index) => [names[index], argument]));
  }
  const [only] = args;
  const isPlain = typeof only === 'object' && only !== null && !Array.isArray(only);
  return args.length === 1 && isPlain ? only : args;
}
