import { validateHeaderName, validateHeaderValue } from 'node:http';
import { performance } from 'node:perf_hooks';
import { MlflowError } from '../common/error.js';
import { isRecord } from '../common/json.js';

/** A value, or a function that is asked for it before every request. */
export type Provided<T> = T | (() => T | Promise<T>);

/** Functions of the application that are asked for headers before every request. */
export interface HeaderProviders {
  token?: () => string | Promise<string>;
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
}

/** The headers of one request, or a line that says why there are none. */
export type ProvidedHeaders = { kind: 'headers'; headers: Record<string, string> } | { kind: 'none'; reason: string };

// So that a function that hangs once leaves time to ask it again.
const PROVIDER_TIMEOUT_MILLIS = 10_000;

/**
 * Asks the functions, within `deadline` on the clock of `performance.now()`. Never throws. What they throw is named but
 * not quoted: the errors of token endpoints often repeat the secrets that were sent there.
 */
export async function provideHeaders(providers: HeaderProviders, deadline: number): Promise<ProvidedHeaders> {
  // Not before the deadline: who sends again would take the last millisecond for a further attempt.
  const rest = Math.ceil(deadline - performance.now()) + 1;
  const limit = Math.max(0, Math.min(rest, PROVIDER_TIMEOUT_MILLIS));
  const provided: Record<string, string> = {};
  // The token first: headers win over what other options make.
  for (const [option, provider] of [
    ['token', providers.token],
    ['headers', providers.headers],
  ] as const) {
    if (provider === undefined) continue;
    const asked = await ask<unknown>(provider, limit);
    if (asked.kind === 'failed') return { kind: 'none', reason: `the ${option} function ${asked.how}` };
    try {
      Object.assign(provided, option === 'token' ? readToken(asked.value) : readHeaders(asked.value));
    } catch (error) {
      return { kind: 'none', reason: `the ${option} function ${(error as Error).message}` };
    }
  }
  return { kind: 'headers', headers: provided };
}

type Asked<T> = { kind: 'value'; value: T } | { kind: 'failed'; how: string };

function ask<T>(provider: () => T | Promise<T>, limitMillis: number): Promise<Asked<T>> {
  return new Promise((resolve) => {
    const seconds = Math.round(limitMillis / 100) / 10;
    const timer = setTimeout(() => resolve({ kind: 'failed', how: `gave nothing for ${seconds} s` }), limitMillis);
    // A function that throws at once, too, ends up in the rejection.
    Promise.resolve()
      .then(provider)
      .then(
        (value) => resolve({ kind: 'value', value }),
        (error: unknown) => resolve({ kind: 'failed', how: `failed with ${nameOf(error)}` }),
      )
      .finally(() => clearTimeout(timer));
  });
}

/** Class and code, no message. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'something else than an Error';
  const { code } = error as NodeJS.ErrnoException;
  const name = /^\w{1,50}$/.test(error.name) ? error.name : 'an Error';
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,50}$/.test(code) ? `${name} (${code})` : name;
}

function readToken(token: unknown): Record<string, string> {
  if (typeof token !== 'string' || token.trim() === '') throw new MlflowError('gave no token');
  const authorization = `Bearer ${token.trim()}`;
  if (!isHeaderValue('authorization', authorization))
    throw new MlflowError('gave a token that no HTTP header can carry');
  return { authorization };
}

function readHeaders(headers: unknown): Record<string, string> {
  if (!isRecord(headers)) throw new MlflowError('gave no object of headers');
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!isHeaderName(name)) throw new MlflowError('gave a name that is not one of an HTTP header');
      if (typeof value !== 'string' || !isHeaderValue(name, value))
        throw new MlflowError(`gave a value for "${name}" that no HTTP header can carry`);
      return [name.toLowerCase(), value];
    }),
  );
}

export function isHeaderName(name: string): boolean {
  try {
    validateHeaderName(name);
    return true;
  } catch {
    return false;
  }
}

/** No line breaks, nothing beyond Latin-1, not `undefined`. */
export function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
