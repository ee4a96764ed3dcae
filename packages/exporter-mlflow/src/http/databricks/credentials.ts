import type { ShownText } from '../../common/shown-text.js';
import type { Authorization, Authorizer, Exchange, WireRequest } from '../exchange/authorizer.js';
import type { HttpAnswer } from '../exchange/result.js';
import { AccessTokens } from './oauth.js';
import { isAboutCredentials } from './refusals.js';
import type { Method } from './settings.js';

/** Authorizes requests to a workspace, and reads the settings again after a refusal. */
export class WorkspaceCredentials implements Authorizer {
  readonly #read: () => Method | undefined;
  #method: Method;
  #tokens: AccessTokens | undefined;

  /**
   * @param first the settings at the start
   * @param read the settings now; undefined if they do not help. Never throws.
   */
  constructor(first: Method, read: () => Method | undefined) {
    this.#method = first;
    this.#read = read;
  }

  /** Where the credentials are set, for messages. */
  get source(): ShownText {
    return this.#method.source;
  }

  async authorize(_request: WireRequest, deadline: number, exchange: Exchange): Promise<Authorization> {
    const method = this.#method;
    if (method.kind === 'token') return bearer(method.token);
    this.#tokens ??= new AccessTokens(method);
    const result = await this.#tokens.get(exchange, deadline);
    return result.kind === 'token' ? bearer(result.token) : result;
  }

  /** True if the settings name other credentials now, or if a newer access token may work. */
  async renew(refusal: HttpAnswer, _deadline: number, sent: Readonly<Record<string, string>>): Promise<boolean> {
    if (!isAboutCredentials(refusal)) return false;
    const before = this.#method;
    const now = this.#read() ?? before;
    if (!isSame(before, now)) {
      this.#method = now;
      this.#tokens = undefined;
      return true;
    }
    const { authorization: used = '' } = sent;
    if (before.kind === 'token') return used !== `Bearer ${before.token}`;
    return this.#tokens?.replace(used.replace(/^Bearer /, '')) ?? true;
  }
}

function bearer(token: string): Authorization {
  return { kind: 'headers', headers: { authorization: `Bearer ${token}` } };
}

function isSame(one: Method, other: Method): boolean {
  if (one.kind === 'token') return other.kind === 'token' && one.token === other.token;
  return other.kind === 'oauth' && one.clientId === other.clientId && one.clientSecret === other.clientSecret;
}
