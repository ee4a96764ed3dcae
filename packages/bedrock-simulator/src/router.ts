import type { Operation, Service } from './operations/operation.js';

/** The choice that the path makes before the path of the operation. */
type Selector =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'scenario';
      readonly name: string;
      readonly parameters: Readonly<Record<string, string>>;
      readonly text: string;
    }
  | { readonly kind: 'exchange'; readonly id: string };

/** The operation that a request is for. */
export interface Target {
  readonly service: Service;
  readonly operation: Operation;
  /** The decoded values of the path and the query, such as the model id. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Route {
  readonly selector: Selector;
  /** Undefined if no operation has this method and path. */
  readonly target: Target | undefined;
}

/** Reads selector, operation and labels from a method and a path. */
export type Router = (method: string, path: string) => Route;

const SELECTOR = /^\/(scenario|exchange)\/([^/]+)(?=\/|$)/;

/** Starts the services, and returns the router for their operations. */
export function createRouter(services: readonly Service[]): Router {
  const rows = services.flatMap((service) =>
    service.start().map((operation) => ({ service, operation, pattern: patternOf(operation.path) })),
  );
  return (method, path) => {
    const [pathname = '', query = ''] = path.split('?', 2);
    const match = SELECTOR.exec(pathname);
    const selector = match ? readSelector(match[1] ?? '', match[2] ?? '') : ({ kind: 'none' } as const);
    const rest = match ? pathname.slice(match[0].length) : pathname;
    for (const { service, operation, pattern } of rows) {
      const found = operation.method === method ? pattern.exec(rest) : null;
      if (!found) continue;
      const groups = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decode(value)]);
      const labels = { ...Object.fromEntries(new URLSearchParams(query)), ...Object.fromEntries(groups) };
      return { selector, target: { service, operation, labels } };
    }
    return { selector, target: undefined };
  };
}

/** Returns the pattern of a path with labels. A slash at the end is optional. */
function patternOf(path: string): RegExp {
  const pattern = path
    .replace(/\/$/, '')
    .replace(/\./g, '\\.')
    .replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => `(?<${name}>${greedy ? '.+' : '[^/]+'})`);
  return new RegExp(`^${pattern}/?$`);
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
