/** The HTTP exchange beneath a call, over all its attempts, as far as a span tells of it. */

import type { Attributes } from '@opentelemetry/api';
import { ATTR_HTTP_REQUEST_RESEND_COUNT, ATTR_HTTP_RESPONSE_STATUS_CODE } from '@opentelemetry/semantic-conventions';
import { asNumber, asObject, asString, type JsonObject } from '../data/json.js';
import { ATTR_AWS_REQUEST_ID } from '../data/semconv.js';
import { readUsageHeaders, type UsageReport } from '../data/usage.js';

export interface ServerEndpoint {
  readonly address: string;
  readonly port?: number | undefined;
}

export class Exchange {
  /** Where the latest attempt went; before the first, where the client's calls went last. */
  server: ServerEndpoint | undefined;
  /** Token counts in the headers of the latest answer. */
  usage: UsageReport | undefined;
  #sent = 0;
  #attempts: number | undefined;
  #status: number | undefined;
  #requestId: string | undefined;

  constructor(server: ServerEndpoint | undefined) {
    this.server = server;
  }

  /** An attempt goes out: what the one before was answered is of no interest any more. */
  sending(request: unknown): ServerEndpoint | undefined {
    this.#sent++;
    this.usage = this.#status = this.#requestId = undefined;
    const endpoint = readEndpoint(asObject(request));
    if (endpoint && !isSame(endpoint, this.server)) this.server = endpoint;
    return this.server;
  }

  /** @param result what the request handler answered. */
  received(result: unknown): void {
    const response = asObject(asObject(result)?.['response']);
    const headers = asObject(response?.['headers']);
    this.#status = asNumber(response?.['statusCode']);
    this.#requestId = asString(headers?.['x-amzn-requestid']);
    this.usage = headers && readUsageHeaders(headers as Record<string, string>);
  }

  /**
   * What the SDK says itself, in `$metadata` of its answer or error. An error inside a stream says nothing there: what
   * the head of the answer said stays.
   */
  readMetadata(answer: unknown): void {
    const metadata = asObject(asObject(answer)?.['$metadata']);
    this.#attempts = asNumber(metadata?.['attempts']) ?? this.#attempts;
    this.#status = asNumber(metadata?.['httpStatusCode']) ?? this.#status;
    this.#requestId = asString(metadata?.['requestId']) ?? this.#requestId;
  }

  addAttributes(attributes: Attributes): void {
    // The SDK's own count is missing when a call is aborted between two attempts; it serves where a handler that the
    // SDK cached (`cacheMiddleware`) was made while nobody watched.
    const resent = (this.#sent || (this.#attempts ?? 0)) - 1;
    if (resent > 0) attributes[ATTR_HTTP_REQUEST_RESEND_COUNT] = resent;
    if (this.#status !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = this.#status;
    if (this.#requestId !== undefined) attributes[ATTR_AWS_REQUEST_ID] = this.#requestId;
  }
}

function isSame(endpoint: ServerEndpoint, other: ServerEndpoint | undefined): boolean {
  return endpoint.address === other?.address && endpoint.port === other.port;
}

function readEndpoint(request: JsonObject | undefined): ServerEndpoint | undefined {
  const address = asString(request?.['hostname']);
  if (address === undefined) return undefined;
  const port = asNumber(request?.['port']) ?? (request?.['protocol'] === 'http:' ? 80 : 443);
  return { address, port };
}
