import { isRecord, parseJson } from '../../common/json.js';
import { runningTime } from '../../common/running-time.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { within } from '../../common/waiting.js';
import type { Exchange } from '../exchange/authorizer.js';
import { type HttpAnswer, OUTAGE_STATUSES } from '../exchange/result.js';
import { isHeaderValue } from '../settings/header.js';
import type { Method } from './settings.js';

type Client = Extract<Method, { kind: 'oauth' }>;

/** An access token, or why there is none. */
export type TokenResult = { kind: 'token'; token: string } | { kind: 'none'; reason: ShownText; isFinal: boolean };

/** https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m#manually-generate-and-use-access-tokens-for-oauth-m2m-authentication */
const TOKEN_PATH = '/oidc/v1/token';
const REQUEST_TIMEOUT_MILLIS = 10_000;
/** A token is replaced so long before its end, or after half of its time if that is later. */
const RESERVE_MILLIS = 5 * 60_000;
/** After this time, a refusal may mean that the token was revoked. A newer one would be refused again. */
const MIN_AGE_MILLIS = 30_000;
const DEFAULT_LIFETIME_SECONDS = 3600;

interface Issued {
  token: string;
  /** Times of day, because a token ages while the process is suspended. */
  at: number;
  staleAt: number;
  expiresAt: number;
}

/** Access tokens of a service principal, kept until shortly before they expire. */
export class AccessTokens {
  readonly #client: Client;
  #issued: Issued | undefined;
  #asking: Promise<Issued | Extract<TokenResult, { kind: 'none' }>> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** A valid token. Callers at the same time share one request. An older token is used while a new one cannot be had. */
  async get(exchange: Exchange, deadline: number): Promise<TokenResult> {
    const known = this.#issued;
    if (known !== undefined && Date.now() < known.staleAt) return { kind: 'token', token: known.token };
    this.#asking ??= this.#ask(exchange);
    const result = await within({ deadline }, this.#asking);
    if (result !== undefined && 'token' in result) return { kind: 'token', token: result.token };
    if (known !== undefined && Date.now() < known.expiresAt) return { kind: 'token', token: known.token };
    return result ?? { kind: 'none', reason: say`no answer of ${TOKEN_ENDPOINT} in time`, isFinal: false };
  }

  /** Forgets the token that a request used if a newer one may work. Returns whether the request should use another one. */
  replace(usedToken: string): boolean {
    const known = this.#issued;
    if (known === undefined || known.token !== usedToken) return true;
    if (Date.now() - known.at < MIN_AGE_MILLIS) return false;
    this.#issued = undefined;
    return true;
  }

  async #ask(exchange: Exchange): Promise<Issued | Extract<TokenResult, { kind: 'none' }>> {
    try {
      const at = Date.now();
      const result = await exchange(tokenRequest(this.#client), runningTime() + REQUEST_TIMEOUT_MILLIS);
      if (result.kind === 'no-answer') {
        const how = result.isOwn ? result.message : ownText(result.code ?? 'no connection');
        return { kind: 'none', reason: say`${TOKEN_ENDPOINT} cannot be reached (${how})`, isFinal: false };
      }
      const issued = readToken(result, at);
      if (issued === undefined) return describeRefusal(result, this.#client);
      this.#issued = issued;
      return issued;
    } finally {
      this.#asking = undefined;
    }
  }
}

const TOKEN_ENDPOINT = say`Databricks' token endpoint ${ownText(TOKEN_PATH)}`;

/** The grant of https://www.rfc-editor.org/rfc/rfc6749#section-4.4, in the form in which Databricks' SDKs send it. */
function tokenRequest({ clientId, clientSecret }: Client): Parameters<Exchange>[0] {
  return {
    method: 'POST',
    path: TOKEN_PATH,
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: Buffer.from(new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }).toString()),
  };
}

function readToken({ status, body }: HttpAnswer, at: number): Issued | undefined {
  const answer = status < 300 ? parseJson(body) : undefined;
  if (!isRecord(answer)) return undefined;
  const { access_token: token, expires_in: seconds } = answer;
  if (!isHeaderValue(token) || token === '') return undefined;
  const lifetime = (Number(seconds) || DEFAULT_LIFETIME_SECONDS) * 1000;
  return { token, at, staleAt: at + Math.max(lifetime - RESERVE_MILLIS, lifetime / 2), expiresAt: at + lifetime };
}

/** Shows the code of the error only, because its description may repeat what was sent. */
function describeRefusal({ status, body }: HttpAnswer, { source }: Client): Extract<TokenResult, { kind: 'none' }> {
  const answer = parseJson(body);
  const code = isRecord(answer) ? (answer['error'] ?? answer['errorCode'] ?? answer['error_code']) : undefined;
  const isCode = typeof code === 'string' && /^[a-z_]{3,40}$/i.test(code);
  const said = isCode ? say`${status} ${ownText(code)}` : say`${status}`;
  if (status === 429 || OUTAGE_STATUSES.has(status)) {
    return { kind: 'none', reason: say`${TOKEN_ENDPOINT} answered ${said}`, isFinal: false };
  }
  return {
    kind: 'none',
    reason: say`${TOKEN_ENDPOINT} refuses the service principal of ${source} (${said}): set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or client_id and client_secret in the profile, to a valid OAuth secret of a service principal that is assigned to this workspace.`,
    isFinal: true,
  };
}
