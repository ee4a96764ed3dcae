import type { ShownText } from '../../common/shown-text.js';
import type { Authorization, Authorizer, Exchange, WireRequest } from '../exchange/authorizer.js';
import type { HttpAnswer } from '../exchange/result.js';
import { AccessTokens } from './oauth.js';
import { isAboutCredentials } from './refusals.js';
import type { Method } from './settings.js';

/** Requests with older tokens are not under way any more. */
const MAX_USED = 4;

/** Authorizes requests to a workspace, and reads the settings again after a refusal. */
export class WorkspaceCredentials implements Authorizer {
  readonly #read: () => Method | undefined;
  #method: Method;
  #tokens: AccessTokens | undefined;
  /** The latest tokens that requests were sent with. */
  readonly #used = new Set<string>();

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
    const authorization = await this.#authorize(deadline, exchange);
    const isRefused = authorization.kind === 'none' && authorization.isFinal === true;
    return isRefused && this.#readAgain() ? this.#authorize(deadline, exchange) : authorization;
  }

  /** True if the settings name other credentials now, or if a newer access token may work. */
  async renew(refusal: HttpAnswer, _deadline: number, sent: Readonly<Record<string, string>>): Promise<boolean> {
    if (!isAboutCredentials(refusal)) return false;
    const used = (sent['authorization'] ?? '').replace(/^Bearer /, '');
    // A function of the application may have replaced the token.
    if (!this.#used.has(used)) return false;
    const current = this.#method.kind === 'token' ? this.#method.token : this.#tokens?.current;
    // Another request read newer credentials after this one was sent.
    if (used !== current) return true;
    return this.#readAgain() || this.#tokens?.forget() === true;
  }

  async #authorize(deadline: number, exchange: Exchange): Promise<Authorization> {
    const method = this.#method;
    if (method.kind === 'token') return this.#bearer(method.token);
    this.#tokens ??= new AccessTokens(method);
    const result = await this.#tokens.get(exchange, deadline);
    return result.kind === 'token' ? this.#bearer(result.token) : result;
  }

  /** Returns whether the settings name other credentials now. */
  #readAgain(): boolean {
    const now = this.#read();
    if (now === undefined || isSame(this.#method, now)) return false;
    this.#method = now;
    this.#tokens = undefined;
    return true;
  }

  #bearer(token: string): Authorization {
    this.#used.delete(token);
    this.#used.add(token);
    const [oldest = ''] = this.#used;
    if (this.#used.size > MAX_USED) this.#used.delete(oldest);
    return { kind: 'headers', headers: { authorization: `Bearer ${token}` } };
  }
}

function isSame(one: Method, other: Method): boolean {
  if (one.kind === 'token') return other.kind === 'token' && one.token === other.token;
  return other.kind === 'oauth' && one.clientId === other.clientId && one.clientSecret === other.clientSecret;
}
