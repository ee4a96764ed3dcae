/** InvokeModel and InvokeModelWithResponseStream: the body is in the model's own format. */

import type { Dialect } from '../dialects/dialect.js';
import { chooseDialect, dialectOfResponse } from '../dialects/index.js';
import {
  asBytes,
  asObject,
  asString,
  decodeText,
  isObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  type ToJsonOptions,
  toBase64,
  toJson,
} from '../json.js';
import { readInvocationMetrics, type UsageReport } from '../usage.js';
import type { Api, ApiRequest, ApiResponse, ApiStream } from './api.js';

/** Added by the service to the last chunk of a stream, whatever the model. */
const INVOCATION_METRICS = 'amazon-bedrock-invocationMetrics';
/** Added by the service to bodies and chunks when a guardrail is on. */
const GUARDRAIL_ACTION = 'amazon-bedrock-guardrailAction';
const GUARDRAIL_TRACE = 'amazon-bedrock-trace';

export const invokeModelApi: Api = {
  spanType: 'LLM',
  readRequest,
  readResponse,
  createStream,
};

export const invokeModelStreamApi: Api = { ...invokeModelApi, streamMember: 'body' };

function readRequest(input: unknown, limits: ToJsonOptions): ApiRequest {
  const raw = asObject(input) ?? {};
  const modelId = asString(raw['modelId']);
  let content: { readonly value: JsonValue | undefined } | undefined;
  const body = (): JsonValue | undefined => {
    content ??= { value: readBody(raw['body'], limits) };
    return content.value;
  };
  return {
    modelId,
    ...chooseDialect(modelId, body),
    guardrailId: asString(raw['guardrailIdentifier']),
    body,
    record(recorded, isConversation, options) {
      const { body: rawBody, ...rest } = raw;
      const parameters = asObject(toJson(rest, options));
      if (isConversation) return { ...parameters, ...asObject(recorded) };
      // Python's autolog shows the body as JSON text too: what was sent, to the letter where nothing was edited.
      const sent = bodyText(rawBody);
      const isWhole = recorded === content?.value && !exceeds(sent, limits);
      const text = isWhole ? (sent ?? recorded) : recorded;
      return {
        ...parameters,
        ...(text === undefined ? {} : { body: typeof text === 'string' ? text : JSON.stringify(text) }),
      };
    },
  };
}

function readResponse(request: ApiRequest, output: unknown, limits: ToJsonOptions): ApiResponse {
  const body = readBody(asObject(output)?.['body'], limits);
  const dialect = isObject(body) ? dialectOfResponse(request, body) : request.dialect;
  return { dialect, body, usage: undefined, record: recordOutput(output) };
}

function recordOutput(output: unknown): ApiResponse['record'] {
  const { body: _, ...rest } = asObject(output) ?? {};
  // Copied now: what outlives the call must not refer to the response, or an abandoned stream is never collected.
  const copy = asObject(toJson(rest));
  return (body, isConversation) => ({
    ...copy,
    ...(isConversation ? asObject(body) : body === undefined ? {} : { body }),
  });
}

function createStream(request: ApiRequest, output: unknown): ApiStream {
  let dialect: Dialect | undefined;
  let fold = request.dialect.createFold();
  let usage: UsageReport | undefined;
  const guardrail: JsonObject = {};
  const record = recordOutput(output);
  return {
    read(event) {
      const bytes = asBytes(asObject(asObject(event)?.['chunk'])?.['bytes']);
      const text = bytes && decodeText(bytes);
      const chunk = text === undefined ? undefined : asObject(parseJson(text));
      if (!chunk) return bytes ? { name: 'chunk', shown: text ?? toBase64(bytes) } : undefined;
      if (!dialect) {
        dialect = dialectOfResponse(request, chunk);
        if (dialect !== request.dialect) fold = dialect.createFold();
      }
      fold.add(chunk);
      if (isObject(chunk[INVOCATION_METRICS])) usage = readInvocationMetrics(chunk[INVOCATION_METRICS]);
      for (const key of [GUARDRAIL_ACTION, GUARDRAIL_TRACE]) {
        if (chunk[key] !== undefined) guardrail[key] = chunk[key];
      }
      return { name: dialect.chunkName?.(chunk) ?? asString(chunk['type']) ?? 'chunk', shown: chunk };
    },
    response() {
      const folded = fold.body();
      return {
        dialect: dialect ?? request.dialect,
        body: folded && { ...folded, ...guardrail },
        usage,
        record,
      };
    },
    // A stream that a guardrail blocked has neither metrics nor a finish reason, and is whole all the same.
    isComplete: () => usage !== undefined || fold.isComplete() || guardrail[GUARDRAIL_ACTION] === 'INTERVENED',
  };
}

function exceeds(text: string | undefined, { maxMediaBytes = Number.POSITIVE_INFINITY }: ToJsonOptions): boolean {
  return text !== undefined && text.length > maxMediaBytes;
}

/** A request or response body as text; undefined when it is binary or cannot be read without consuming it. */
function bodyText(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  const bytes = asBytes(body);
  return bytes && decodeText(bytes);
}

/** A body as JSON, else as text, else as base64; a note in place of what can be read only once. */
function readBody(body: unknown, limits: ToJsonOptions): JsonValue | undefined {
  if (body === undefined || body === null) return undefined;
  const text = bodyText(body);
  if (text !== undefined) {
    const value = parseJson(text) ?? text;
    // Only a body beyond the limit can hold media beyond it: others are not searched.
    return exceeds(text, limits) ? toJson(value, limits) : value;
  }
  if (asBytes(body)) return toJson(body, limits);
  if (typeof Blob === 'function' && body instanceof Blob) return `[Blob of ${body.size} bytes, not read]`;
  return '[stream, not read]';
}
