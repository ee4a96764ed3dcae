import { nameOfError } from '../../common/error.js';
import { isRecord } from '../../common/json.js';
import { runningTime } from '../../common/running-time.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { within } from '../../common/waiting.js';
import { isHeaderName, isHeaderValue } from '../settings/header.js';
import type { Authorization, Authorizer } from './authorizer.js';
import { NO_CREDENTIALS_CODE, OwnError } from './result.js';

/** Functions of the application that are called for headers before every request. */
interface HeaderProviders {
  token?: () => string | Promise<string>;
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
}

// After a function that hangs, time is left to call it again.
const PROVIDER_TIMEOUT_MILLIS = 10_000;

/**
 * Authorizes each attempt with what these functions return. After a refusal with status 401 it calls them once more,
 * because a token may have expired since the function received it.
 */
export function authorizeByFunctions(providers: HeaderProviders): Authorizer {
  return {
    authorize: (_request, deadline) => provideHeaders(providers, deadline),
    renew: async ({ status }) => status === 401,
  };
}

/**
 * Calls the functions and waits for them until `deadline`. The reason names an error without its message, because token
 * endpoints often repeat secrets in their errors.
 */
async function provideHeaders(providers: HeaderProviders, deadline: number): Promise<Authorization> {
  // Ends just after the deadline, or the retry would use the last millisecond for another attempt.
  const rest = Math.ceil(deadline - runningTime()) + 1;
  const limit = Math.max(0, Math.min(rest, PROVIDER_TIMEOUT_MILLIS));
  const provided: Record<string, string> = {};
  // The token comes first, because headers win over other options.
  for (const [option, provider] of [
    ['token', providers.token],
    ['headers', providers.headers],
  ] as const) {
    if (provider === undefined) continue;
    const asked = await ask<unknown>(provider, limit);
    const failed = (how: ShownText): Authorization => ({
      kind: 'none',
      reason: say`the ${ownText(option)} function ${how}`,
    });
    if (asked.kind === 'failed') return failed(asked.how);
    try {
      Object.assign(provided, option === 'token' ? readToken(asked.value) : readHeaders(asked.value));
    } catch (error) {
      return failed(error instanceof OwnError ? error.text : say`failed with ${nameOfError(error)}`);
    }
  }
  return { kind: 'headers', headers: provided };
}

type Asked<T> = { kind: 'value'; value: T } | { kind: 'failed'; how: ShownText };

async function ask<T>(provider: () => T | Promise<T>, limitMillis: number): Promise<Asked<T>> {
  const deadline = runningTime() + limitMillis;
  // Inside `then`, so that a function that throws at once becomes a rejection, too.
  const asking = Promise.resolve()
    .then(provider)
    .then(
      (value): Asked<T> => ({ kind: 'value', value }),
      (error: unknown): Asked<T> => ({ kind: 'failed', how: say`failed with ${nameOfError(error)}` }),
    );
  const seconds = Math.round(limitMillis / 100) / 10;
  return (await within({ deadline }, asking)) ?? { kind: 'failed', how: say`gave nothing for ${seconds} s` };
}

function readToken(token: unknown): Record<string, string> {
  if (typeof token !== 'string' || token.trim() === '') throw unusable(say`gave no token`);
  const authorization = `Bearer ${token.trim()}`;
  if (!isHeaderValue(authorization)) throw unusable(say`gave a token that no HTTP header can carry`);
  return { authorization };
}

function readHeaders(headers: unknown): Record<string, string> {
  if (!isRecord(headers)) throw unusable(say`gave no object of headers`);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!isHeaderName(name)) throw unusable(say`gave a name that is not one of an HTTP header`);
      if (!isHeaderValue(value)) throw unusable(say`gave a value for "${ownText(name)}" that no HTTP header can carry`);
      return [name.toLowerCase(), value];
    }),
  );
}

function unusable(how: ShownText): OwnError {
  return new OwnError(NO_CREDENTIALS_CODE, how);
}
