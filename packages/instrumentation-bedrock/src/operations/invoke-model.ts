/** InvokeModel and InvokeModelWithResponseStream: the body is in the model's own format. */

import {
  asBytes,
  asObject,
  asString,
  decodeText,
  isObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  setMembers,
  type ToJsonOptions,
  toBase64,
  toJson,
} from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { readInvocationMetrics, type UsageReport } from '../data/usage.js';
import type { Dialect } from '../dialects/dialect.js';
import { chooseDialect, dialectOfResponse } from '../dialects/index.js';
import type { Api, ApiRequest, ApiResponse, ApiStream, StreamOptions } from './operation.js';

/** The longest body that the service takes or gives (InvokeModel in the API reference): a longer one is not read. */
const MAX_BODY_BYTES = 25_000_000;

/** Added by the service to the last chunk of a stream, whatever the model. */
const INVOCATION_METRICS = 'amazon-bedrock-invocationMetrics';
/** Added by the service to bodies and chunks when a guardrail is on. */
const GUARDRAIL_ACTION = 'amazon-bedrock-guardrailAction';
const GUARDRAIL_MEMBERS = [GUARDRAIL_ACTION, 'amazon-bedrock-trace'];

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
  // Once: it may be a getter, and parsing costs.
  let read: { readonly sent: unknown; readonly value: JsonValue | undefined } | undefined;
  const body = (): JsonValue | undefined => {
    if (!read) {
      const sent: unknown = raw['body'];
      read = { sent, value: readBody(sent, limits) };
    }
    return read.value;
  };
  return {
    modelId,
    ...chooseDialect(identifyModel(modelId).baseId, body),
    guardrailId: asString(raw['guardrailIdentifier']),
    body: () => asObject(body()),
    content: () => withBody(raw, body(), limits),
    bodyOf,
    record(content, view) {
      const object = asObject(content);
      const recorded = object?.['body'];
      if (object && view && isObject(recorded)) return record(content, view);
      if (recorded === undefined || typeof recorded === 'string') return content;
      // Python's autolog shows the body as JSON text too: what was sent, to the letter where nothing was edited.
      const sent = bodyText(read?.sent);
      const isWhole = recorded === read?.value && sent !== undefined && !exceeds(sent.length, limits);
      return { ...object, body: isWhole ? sent : JSON.stringify(recorded) };
    },
  };
}

function readResponse(request: ApiRequest, output: unknown, limits: ToJsonOptions): ApiResponse {
  const raw = asObject(output) ?? {};
  const body = readBody(raw['body'], limits);
  const dialect = isObject(body) ? dialectOfResponse(request, body) : request.dialect;
  return {
    dialect,
    usage: undefined,
    body: () => asObject(body),
    content: () => withBody(raw, body, limits),
    bodyOf,
    record,
  };
}

/** An input or output of the SDK as plain JSON, with its body as it was read. */
function withBody(raw: JsonObject, body: JsonValue | undefined, limits: ToJsonOptions): JsonObject {
  const rest: JsonObject = {};
  setMembers(rest, raw, 'body');
  const content = asObject(toJson(rest, limits)) ?? {};
  if (body !== undefined) content['body'] = body;
  return content;
}

function bodyOf(content: JsonValue | undefined): JsonObject | undefined {
  return asObject(asObject(content)?.['body']);
}

/** A conversation stands on top, where MLflow's chat view looks for it. */
function record(content: JsonValue, view: ((body: JsonObject) => JsonObject) | undefined): JsonValue {
  if (!view || !isObject(content) || !isObject(content['body'])) return content;
  const recorded: JsonObject = {};
  setMembers(recorded, content, 'body');
  setMembers(recorded, view(content['body']));
  return recorded;
}

function createStream(request: ApiRequest, output: unknown, options: StreamOptions): ApiStream {
  let dialect: Dialect | undefined;
  const foldOptions = { content: options.withContent };
  let fold = request.dialect.createFold(foldOptions);
  let usage: UsageReport | undefined;
  const guardrail: JsonObject = {};
  let textLength = 0;
  // Copied now: what outlives the call must not refer to the response, or an abandoned stream is never collected.
  const rest = withBody(asObject(output) ?? {}, undefined, options);
  return {
    read(event) {
      const bytes = asBytes(asObject(asObject(event)?.['chunk'])?.['bytes']);
      const text = bytes && decodeText(bytes);
      const chunk = text === undefined ? undefined : asObject(parseJson(text));
      // What no dialect can read is a chunk all the same: the application received it.
      if (text === undefined || !chunk) return text ?? (bytes && toBase64(bytes));
      textLength += text.length;
      if (!dialect) {
        dialect = dialectOfResponse(request, chunk);
        if (dialect !== request.dialect) fold = dialect.createFold(foldOptions);
      }
      fold.add(chunk);
      if (isObject(chunk[INVOCATION_METRICS])) usage = readInvocationMetrics(chunk[INVOCATION_METRICS]);
      for (const key of GUARDRAIL_MEMBERS) {
        if (chunk[key] !== undefined) guardrail[key] = chunk[key];
      }
      return chunk;
    },
    show(chunk) {
      const object = asObject(chunk);
      const name = object && (dialect?.chunkName?.(object) ?? asString(object['type']));
      return { name: name ?? 'chunk', value: chunk };
    },
    response() {
      const folded = fold.body();
      if (folded) Object.assign(folded, guardrail);
      return {
        dialect: dialect ?? request.dialect,
        usage,
        body: () => folded,
        content() {
          const content: JsonObject = {};
          setMembers(content, rest);
          if (folded) content['body'] = withoutMedia(folded, textLength, options);
          return content;
        },
        bodyOf,
        record,
      };
    },
    // A stream that a guardrail blocked has neither metrics nor a finish reason, and is whole all the same.
    isComplete: () => usage !== undefined || guardrail[GUARDRAIL_ACTION] === 'INTERVENED' || fold.isComplete(),
  };
}

/** The JSON of a text with no media beyond the limit; only a text beyond it can hold any, so others are not searched. */
function withoutMedia(value: JsonValue, textLength: number, limits: ToJsonOptions): JsonValue | undefined {
  return exceeds(textLength, limits) ? toJson(value, limits) : value;
}

function exceeds(textLength: number, { maxMediaBytes = Number.POSITIVE_INFINITY }: ToJsonOptions): boolean {
  return textLength > maxMediaBytes;
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
  const size = typeof body === 'string' ? body.length : asBytes(body)?.byteLength;
  if (size !== undefined && size > MAX_BODY_BYTES) return `[body longer than ${MAX_BODY_BYTES} bytes, not read]`;
  const text = bodyText(body);
  if (text !== undefined) {
    return withoutMedia(parseJson(text) ?? text, text.length, limits);
  }
  if (asBytes(body)) return toJson(body, limits);
  if (typeof Blob === 'function' && body instanceof Blob) return `[Blob of ${body.size} bytes, not read]`;
  return '[stream, not read]';
}
