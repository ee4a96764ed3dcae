import { type Span, trace } from '@opentelemetry/api';
import {
  endpointOfUrl,
  type JsonObject,
  MessagesRecord,
  parseJson,
  priceListOf,
} from 'opentelemetry-instrumentation-bedrock/recording';
import { warnOfError, warnOfErrorOnce } from '../common/warn.js';
import { contentConfig } from '../current-trace/content-config.js';
import { eventReader, jsonReader } from './answer-reader.js';
import { type BodyObserver, observeBody } from './observed-body.js';

/** The span of Anthropic's SDK for each call to a model. It is active while the middleware runs. */
const SPAN_NAME = 'anthropic.messages.create';

/**
 * Middleware for a client of Anthropic's SDK (`@anthropic-ai/bedrock-sdk`) that completes the SDK's own spans: with the
 * whole request and the whole answer, also of streams, as the content switches allow. Changes neither of them.
 *
 * @example
 * const client = new AnthropicBedrock({ middleware: [anthropicMiddleware] });
 *
 * @param request the request to the Messages API; passed on unchanged.
 * @param next sends the request.
 * @returns the response of `next`. Its body is observed while the SDK reads it.
 */
export async function anthropicMiddleware<Q>(request: Q, next: (request: Q) => Promise<Response>): Promise<Response> {
  const observer = startRecord(request);
  const response = await next(request);
  if (observer === undefined || !response.ok) return response;
  try {
    return observeBody(response, observer);
  } catch (error) {
    warnOfErrorOnce('the answer to a call of Anthropic’s SDK could not be observed', error);
    return response;
  }
}

/** Writes the request, and returns what reads the answer. Undefined if there is no span to complete. */
function startRecord(request: unknown): BodyObserver | undefined {
  try {
    const span = trace.getActiveSpan();
    if (span === undefined || !span.isRecording() || nameOf(span) !== SPAN_NAME) return undefined;
    const { body: text, url } = (request ?? {}) as { body?: unknown; url?: unknown };
    const body = typeof text === 'string' ? parseJson(text) : undefined;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
    const priceList = priceListOf(endpointOfUrl(url));
    if (priceList !== undefined) span.setAttribute('mlflow.llm.provider', priceList);
    const record = new MessagesRecord(span, body as JsonObject, { config: contentConfig(), report: warnOfError });
    return safely(answerReader(record, (body as JsonObject)['stream'] === true));
  } catch (error) {
    warnOfErrorOnce('a call of Anthropic’s SDK could not be recorded', error);
    return undefined;
  }
}

function answerReader(record: MessagesRecord, isStream: boolean): BodyObserver {
  if (!isStream) return jsonReader((message) => record.answered(message));
  const fold = record.createFold();
  let isWritten = false;
  const write = (): void => {
    const message = isWritten ? undefined : fold.body();
    isWritten = true;
    if (message !== undefined) record.answered(message);
  };
  return eventReader((event) => {
    fold.add(event);
    // The SDK ends the span before it reads the end of the body.
    if (event['type'] === 'message_stop') write();
  }, write);
}

/** Reading must not fail the stream of the application. */
function safely(observer: BodyObserver): BodyObserver {
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      warnOfErrorOnce('an answer to a call of Anthropic’s SDK could not be recorded', error);
    }
  };
  return { part: (bytes) => guard(() => observer.part(bytes)), end: () => guard(() => observer.end()) };
}

/** Spans of OpenTelemetry's SDK show their name. */
function nameOf(span: Span): unknown {
  return (span as { name?: unknown }).name;
}
