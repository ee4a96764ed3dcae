/** The HTTP exchange beneath a call, over all its attempts. */

import type { ExchangeFacts, ServerEndpoint } from '../data/facts.js';
import { asMembers, asNumber, asObject, asString } from '../data/json.js';
import { isReset } from '../data/reset.js';
import {
  bedrockHeaders,
  type RequestedService,
  readRequestHeaders,
  readResponseHeaders,
  type ServedService,
} from '../data/service.js';
import { readUsageHeaders, type UsageReport } from '../data/usage.js';

export class Exchange {
  /** The host of the latest attempt. Before the first attempt, the host of the client's previous call. */
  server: ServerEndpoint | undefined;
  /** Token counts in the headers of the latest response. */
  usage: UsageReport | undefined;
  #sent = 0;
  #attempts = 0;
  #statusCode: number | undefined;
  #requestId: string | undefined;
  /** Headers of the latest attempt, as the SDK has them. Most of them are never read. */
  #requestHeaders: unknown;
  #responseHeaders: unknown;
  /** The body of the latest response over HTTP/2. Weak, so that an abandoned stream can be collected. */
  #body: WeakRef<object> | undefined;

  constructor(server: ServerEndpoint | undefined) {
    this.server = server;
  }

  /** Reads a request before it is sent, once for each attempt. Forgets the response to the attempt before. */
  sending(request: unknown): void {
    this.#sent++;
    this.usage = this.#statusCode = this.#requestId = this.#responseHeaders = undefined;
    this.#requestHeaders = asObject(request)?.['headers'];
    const endpoint = readEndpoint(request);
    const isKnown = endpoint?.address === this.server?.address && endpoint?.port === this.server?.port;
    if (endpoint && !isKnown) this.server = endpoint;
  }

  /** @param result what the request handler returned. */
  received(result: unknown): void {
    const response = asObject(asObject(result)?.['response']);
    const headers = asObject(response?.['headers']);
    this.#responseHeaders = headers;
    this.#statusCode = asNumber(response?.['statusCode']);
    this.#requestId = asString(headers?.['x-amzn-requestid']) ?? asString(headers?.['x-request-id']);
    this.usage = headers && readUsageHeaders(headers);
    const body = asObject(response?.['body']);
    // Over HTTP/1.1 the SDK throws if the connection is lost.
    this.#body = body && 'rstCode' in body ? new WeakRef(body) : undefined;
  }

  /** True if the response was cut off, although the SDK ends its stream without an error. */
  isCut(): boolean {
    return isReset(this.#body?.deref());
  }

  /**
   * Reads `$metadata` of an answer or error of the SDK. For an error inside a stream it is empty; then the status and
   * request id of the response stay.
   */
  readMetadata(answer: unknown): void {
    const metadata = asObject(asObject(answer)?.['$metadata']);
    this.#attempts = asNumber(metadata?.['attempts']) ?? this.#attempts;
    this.#statusCode = asNumber(metadata?.['httpStatusCode']) ?? this.#statusCode;
    this.#requestId = asString(metadata?.['requestId']) ?? this.#requestId;
  }

  facts(): ExchangeFacts {
    // The SDK does not count its attempts if the call is aborted between two. It alone counts them if the middleware did
    // not see the exchange.
    const resendCount = (this.#sent || this.#attempts) - 1;
    return { resendCount, statusCode: this.#statusCode, requestId: this.#requestId };
  }

  /** What the headers of the request ask for; undefined if Bedrock has none there, as in Converse. */
  requested(): RequestedService | undefined {
    const headers = bedrockHeaders(this.#requestHeaders);
    return headers && readRequestHeaders(headers);
  }

  /** What the headers of the response state; undefined if Bedrock has none there. */
  served(): ServedService | undefined {
    const headers = bedrockHeaders(this.#responseHeaders);
    return headers && readResponseHeaders(headers);
  }
}

function readEndpoint(request: unknown): ServerEndpoint | undefined {
  const { hostname, port, protocol } = asMembers(request);
  const address = asString(hostname);
  if (address === undefined) return undefined;
  return { address, port: asNumber(port) ?? (protocol === 'http:' ? 80 : 443) };
}
