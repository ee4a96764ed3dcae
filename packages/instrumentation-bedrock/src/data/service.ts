/**
 * What decides the price, the route and the safety of a call: as the request asks for it, and as the service states it.
 *
 * Values of another type are ignored, and so is text that is longer than the service accepts.
 */

import { asNumber, asObject, asString, isObject, type JsonObject, parseJson } from './json.js';
import { asId, asText, asWord } from './words.js';

/** What a request asks of the service, besides the parameters of the model. */
export interface RequestedService {
  readonly serviceTier?: string | undefined;
  readonly latencyMode?: string | undefined;
  readonly guardrailId?: string | undefined;
  readonly guardrailVersion?: string | undefined;
  readonly promptArn?: string | undefined;
  readonly promptName?: string | undefined;
  readonly promptVersion?: string | undefined;
  /** The tags of the request, for invocation logs. */
  readonly metadata?: ReadonlyMap<string, string> | undefined;
}

/** What an answer states about how the service treated the call. */
export interface ServedService {
  readonly serviceTier?: string | undefined;
  readonly latencyMode?: string | undefined;
  /** In milliseconds, as the service measured it. */
  readonly latencyMs?: number | undefined;
  /** Until the first byte of a stream, in milliseconds. */
  readonly firstByteLatencyMs?: number | undefined;
  readonly guardrailAction?: string | undefined;
  readonly guardrailReason?: string | undefined;
  /** Whether the request, the account or the organization asked for the guardrails that were applied. */
  readonly guardrailOrigins?: readonly string[] | undefined;
}

/** The limits of `requestMetadata`: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
const MAX_METADATA_ENTRIES = 16;
const MAX_METADATA_LENGTH = 256;
/** Longer than the JSON of the longest metadata, also if it has escapes. */
const MAX_METADATA_JSON = 32_768;

/** Returns a duration in milliseconds; undefined if the value is no number from 0. */
function asMillis(value: unknown): number | undefined {
  const millis = asNumber(value);
  return millis !== undefined && millis >= 0 ? millis : undefined;
}

const PROMPT_ARN = /^arn:[^:]*:bedrock:[^:]*:[^:]*:prompt\/([^:/]+)(?::([^:/]+))?$/;

/** Reads a model id that is the ARN of a managed prompt, with or without a version. */
export function readPrompt(modelId: string | undefined): RequestedService {
  const arn = modelId?.startsWith('arn:') ? asId(modelId) : undefined;
  const [promptArn, promptName, promptVersion] = (arn && PROMPT_ARN.exec(arn)) || [];
  return { promptArn, promptName, promptVersion };
}

/** @param value an object in Converse, JSON text of an object in InvokeModel. */
export function readRequestMetadata(value: unknown): ReadonlyMap<string, string> | undefined {
  const text = asText(value, MAX_METADATA_JSON);
  const entries = asObject(text === undefined ? value : parseJson(text));
  if (!entries) return undefined;
  const metadata = new Map<string, string>();
  for (const key in entries) {
    if (metadata.size === MAX_METADATA_ENTRIES) break;
    const entry = asString(entries[key]);
    const isValid = key !== '' && key.length <= MAX_METADATA_LENGTH && entry !== undefined;
    if (isValid && entry.length <= MAX_METADATA_LENGTH) metadata.set(key, entry);
  }
  return metadata;
}

/** Reads the members that Converse has in requests, answers and the last event of a stream. */
export function readConverseTier(body: JsonObject): Pick<RequestedService, 'serviceTier' | 'latencyMode'> {
  return {
    serviceTier: asWord(asObject(body['serviceTier'])?.['type']),
    latencyMode: asWord(asObject(body['performanceConfig'])?.['latency']),
  };
}

export function readConverseLatency(body: JsonObject): ServedService {
  return { latencyMs: asMillis(asObject(body['metrics'])?.['latencyMs']) };
}

/** Reads the members that InvokeModel has in inputs and outputs. The SDK sends and receives them as headers. */
export function readInvokeTier(members: JsonObject): Pick<RequestedService, 'serviceTier' | 'latencyMode'> {
  return {
    serviceTier: asWord(members['serviceTier']),
    latencyMode: asWord(members['performanceConfigLatency']),
  };
}

/** Reads the latencies in `amazon-bedrock-invocationMetrics`. */
export function readInvocationLatency(metrics: JsonObject): ServedService {
  return {
    latencyMs: asMillis(metrics['invocationLatency']),
    firstByteLatencyMs: asMillis(metrics['firstByteLatency']),
  };
}

/** Reads the members `guardrailIdentifier` and `guardrailVersion`. */
export function readGuardrail(members: JsonObject | undefined): RequestedService {
  return {
    guardrailId: asId(members?.['guardrailIdentifier']),
    guardrailVersion: asWord(members?.['guardrailVersion']),
  };
}

/** The names of headers are in lower case. */
type Headers = ReadonlyMap<string, unknown>;

/** The headers of Bedrock in a request or a response, with their names in lower case; undefined if there are none. */
export function bedrockHeaders(headers: unknown): Headers | undefined {
  if (!isObject(headers)) return undefined;
  let found: Map<string, unknown> | undefined;
  for (const name in headers) {
    if (!BEDROCK_HEADER.test(name)) continue;
    found ??= new Map();
    found.set(name.toLowerCase(), headers[name]);
  }
  return found;
}

const BEDROCK_HEADER = /^x-amzn-bedrock-/i;

/** Reads what the request to InvokeModel asks for. Its headers can come from the application's own middleware. */
export function readRequestHeaders(headers: Headers): RequestedService {
  const metadata = headers.get('x-amzn-bedrock-request-metadata');
  return {
    ...readTierHeaders(headers),
    guardrailId: asId(headers.get('x-amzn-bedrock-guardrailidentifier')),
    guardrailVersion: asWord(headers.get('x-amzn-bedrock-guardrailversion')),
    metadata: typeof metadata === 'string' ? readRequestMetadata(metadata) : undefined,
  };
}

/** Reads what a response of InvokeModel states. Older SDKs do not put these headers into their outputs. */
export function readResponseHeaders(headers: Headers): ServedService {
  const latency = asString(headers.get('x-amzn-bedrock-invocation-latency'));
  return {
    ...readTierHeaders(headers),
    latencyMs: latency !== undefined && /^\d+$/.test(latency) ? asMillis(Number(latency)) : undefined,
  };
}

function readTierHeaders(headers: Headers): Pick<RequestedService, 'serviceTier' | 'latencyMode'> {
  return {
    serviceTier: asWord(headers.get('x-amzn-bedrock-service-tier')),
    latencyMode: asWord(headers.get('x-amzn-bedrock-performanceconfig-latency')),
  };
}
