import type { Operation } from './types.js';

/** The choice that the path makes before `/model/…`. */
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
  /** Other values from the path and the query: guardrail, invocation, filters. */
  readonly labels: Readonly<Record<string, string>>;
}

const SELECTOR = /^\/(scenario|exchange)\/([^/]+)(?=\/|$)/;
/** The model id is greedy, because an ARN without percent-encoding contains slashes. */
const MODEL_ROUTE = /^\/model\/(.+)\/([a-z-]+)$/;
const MODEL_OPERATIONS: Readonly<Record<string, Operation>> = {
  converse: 'Converse',
  'converse-stream': 'ConverseStream',
  invoke: 'InvokeModel',
  'invoke-with-response-stream': 'InvokeModelWithResponseStream',
  'count-tokens': 'CountTokens',
};

/** Routes without a model. The names of the groups become labels. */
const OTHER_ROUTES: readonly { method: string; path: RegExp; operation: Operation }[] = [
  {
    method: 'POST',
    path: /^\/guardrail\/(?<guardrailIdentifier>.+)\/version\/(?<guardrailVersion>[^/]+)\/apply$/,
    operation: 'ApplyGuardrail',
  },
  { method: 'POST', path: /^\/guardrail-checks\/invoke$/, operation: 'InvokeGuardrailChecks' },
  { method: 'POST', path: /^\/async-invoke\/?$/, operation: 'StartAsyncInvoke' },
  { method: 'GET', path: /^\/async-invoke\/?$/, operation: 'ListAsyncInvokes' },
  { method: 'GET', path: /^\/async-invoke\/(?<invocationArn>.+)$/, operation: 'GetAsyncInvoke' },
];

/** Reads selector, operation, model id and labels from a method and a path. */
export function route(method: string, path: string): Route {
  const [pathname = '', query = ''] = path.split('?', 2);
  const match = SELECTOR.exec(pathname);
  const selector = match ? readSelector(match[1] ?? '', match[2] ?? '') : ({ kind: 'none' } as const);
  const rest = match ? pathname.slice(match[0].length) : pathname;
  return { selector, ...(modelRoute(method, rest) ?? otherRoute(method, rest, query)) };
}

type Target = Omit<Route, 'selector'>;

function modelRoute(method: string, path: string): Target | undefined {
  const [, modelId = '', action = ''] = MODEL_ROUTE.exec(path) ?? [];
  const operation = method === 'POST' ? MODEL_OPERATIONS[action] : undefined;
  return operation && { operation, modelId: decode(modelId), labels: {} };
}

function otherRoute(method: string, path: string, query: string): Target {
  for (const row of OTHER_ROUTES) {
    const match = row.method === method ? row.path.exec(path) : null;
    if (!match) continue;
    const groups = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decode(value)]);
    const labels = { ...Object.fromEntries(new URLSearchParams(query)), ...Object.fromEntries(groups) };
    return { operation: row.operation, modelId: undefined, labels };
  }
  return { operation: undefined, modelId: undefined, labels: {} };
}

/** Writes a selector as a path for {@link route}. */
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

/** Returns the text unchanged if its percent-encoding is invalid, so that the request is still answered. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
