import type { Operation } from './types.js';

/** What the path before `/model/…` asks for. */
export type Selector =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'scenario';
      readonly name: string;
      readonly parameters: Readonly<Record<string, string>>;
      readonly text: string;
    }
  | { readonly kind: 'exchange'; readonly id: string };

export interface Route {
  readonly selector: Selector;
  readonly operation: Operation | undefined;
  readonly modelId: string | undefined;
}

const SELECTOR = /^\/(scenario|exchange)\/([^/]+)(?=\/|$)/;
/** The model id is greedy: sent without percent-encoding, an ARN has slashes of its own. */
const MODEL_ROUTE = /^\/model\/(.+)\/([a-z-]+)$/;
const GUARDRAIL_ROUTE = /^\/guardrail\/.+\/version\/[^/]+\/apply$/;

const MODEL_OPERATIONS: Readonly<Record<string, Operation>> = {
  converse: 'Converse',
  'converse-stream': 'ConverseStream',
  invoke: 'InvokeModel',
  'invoke-with-response-stream': 'InvokeModelWithResponseStream',
  'count-tokens': 'CountTokens',
};

/** Reads selector, operation and model id from a request's method and path. */
export function route(method: string, path: string): Route {
  const pathname = path.split('?', 1)[0] ?? '';
  const match = SELECTOR.exec(pathname);
  const selector = match ? readSelector(match[1] ?? '', match[2] ?? '') : ({ kind: 'none' } as const);
  const rest = match ? pathname.slice(match[0].length) : pathname;
  const model = MODEL_ROUTE.exec(rest);
  const operation = model
    ? MODEL_OPERATIONS[model[2] ?? '']
    : GUARDRAIL_ROUTE.test(rest)
      ? 'ApplyGuardrail'
      : undefined;
  if (method !== 'POST' || !operation) return { selector, operation: undefined, modelId: undefined };
  return { selector, operation, modelId: model ? decode(model[1] ?? '') : undefined };
}

/** Writes a selector as the path {@link route} reads. */
export function scenarioPath(name: string, parameters: Readonly<Record<string, string | number>> = {}): string {
  const pairs = Object.entries(parameters).map(
    ([key, value]) => `;${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return `/scenario/${encodeURIComponent(name)}${pairs.join('')}`;
}

export function exchangePath(id: string): string {
  return `/exchange/${encodeURIComponent(id)}`;
}

function readSelector(kind: string, text: string): Selector {
  if (kind === 'exchange') return { kind, id: decode(text) };
  const [name = '', ...pairs] = text.split(';');
  const parameters = Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      return [decode(key), decode(value)];
    }),
  );
  return { kind: 'scenario', name: decode(name), parameters, text };
}

/** A stray percent sign is no reason to refuse a request. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
