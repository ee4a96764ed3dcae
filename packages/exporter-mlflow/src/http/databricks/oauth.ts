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
type TokenResult = { kind: 'token'; token: string } | NoToken;

interface NoToken {
  kind: 'none';
  reason: ShownText;
  /** Whether only other credentials help. */
  isFinal: boolean;
}

/** https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m#manually-generate-and-use-access-tokens-for-oauth-m2m-authentication */
const TOKEN_PATH = '/oidc/v1/token';
const REQUEST_TIMEOUT_MILLIS = 10_000;
/** A token is replaced so long before its end, or after half of its time if that is later. */
const RESERVE_MILLIS = 5 * 60_000;
/** After this time, a refusal may mean that the token was revoked. A newer one would be refused again. */
const MIN_AGE_MILLIS = 30_000;
const DEFAULT_LIFETIME_SECONDS = 3600;
/** The endpoint is not asked again so soon after it refused, or failed while an older token is valid. */
const PAUSE_MILLIS = 30_000;

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
  #asking: Promise<Issued | NoToken> | undefined;
  #failed: { result: NoToken; at: number } | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** A valid token. Callers at the same time share one request. An older token is used while a new one cannot be had. */
  async get(exchange: Exchange, deadline: number): Promise<TokenResult> {
    const known = this.#issued;
    if (known !== undefined && Date.now() < known.staleAt) return { kind: 'token', token: known.token };
    const isValid = known !== undefined && Date.now() < known.expiresAt;
    const failed = this.#recentFailure();
    if (isValid && failed !== undefined) return { kind: 'token', token: known.token };
    if (failed?.isFinal) return failed;
    this.#asking ??= this.#ask(exchange);
    const result = await within({ deadline }, this.#asking);
    if (result !== undefined && 'token' in result) return { kind: 'token', token: result.token };
    if (isValid) return { kind: 'token', token: known.token };
    return result ?? { kind: 'none', reason: say`no answer of ${TOKEN_ENDPOINT} in time`, isFinal: false };
  }

  /** The latest token; undefined if there is none. */
  get current(): string | undefined {
    return this.#issued?.token;
  }

  /** Forgets the latest token if a newer one may work where that was refused. Returns whether it did. */
  forget(): boolean {
    if (this.#issued === undefined || Date.now() - this.#issued.at < MIN_AGE_MILLIS) return false;
    this.#issued = undefined;
    return true;
  }

  #recentFailure(): NoToken | undefined {
    const { result, at } = this.#failed ?? { at: 0 };
    return Math.abs(Date.now() - at) < PAUSE_MILLIS ? result : undefined;
  }

  async #ask(exchange: Exchange): Promise<Issued | NoToken> {
    try {
      const result = await requestToken(this.#client, exchange);
      if ('token' in result) {
        this.#issued = result;
        this.#failed = undefined;
      } else {
        this.#failed = { result, at: Date.now() };
      }
      return result;
    } finally {
      this.#asking = undefined;
    }
  }
}

async function requestToken(client: Client, exchange: Exchange): Promise<Issued | NoToken> {
  const at = Date.now();
  const result = await exchange(tokenRequest(client), runningTime() + REQUEST_TIMEOUT_MILLIS);
  if (result.kind === 'answer') return readToken(result, at) ?? describeRefusal(result, client);
  const how = result.isOwn ? result.message : ownText(result.code ?? 'no connection');
  return { kind: 'none', reason: say`${TOKEN_ENDPOINT} cannot be reached (${how})`, isFinal: false };
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
  const lifetime = (Number(seconds) > 0 ? Number(seconds) : DEFAULT_LIFETIME_SECONDS) * 1000;
  return { token, at, staleAt: at + Math.max(lifetime - RESERVE_MILLIS, lifetime / 2), expiresAt: at + lifetime };
}

/** Shows the code of the error only, because its description may repeat what was sent. */
function describeRefusal({ status, body }: HttpAnswer, { source }: Client): NoToken {
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
