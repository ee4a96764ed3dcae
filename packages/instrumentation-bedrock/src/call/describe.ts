/** Connects what operations and dialects read with what the span layer writes. Pure. */

import type { Attributes } from '@opentelemetry/api';
import type { OperationName, ResponseFacts, ServerEndpoint } from '../data/facts.js';
import { asMembers, type JsonValue } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
} from '../data/semconv.js';
import type { RequestedService } from '../data/service.js';
import { combineUsage, type TokenUsage } from '../data/usage.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Operation, OperationAnswer, OperationRequest } from '../operations/common/operation.js';
import {
  add,
  addAll,
  addAnsweringModel,
  addExchange,
  addParameters,
  addRequest,
  addResponse,
  addServer,
  addUsage,
} from '../span/attributes.js';
import type { RecordedAnswer, RecordedRequest } from '../span/content-record.js';
import { addRequestedService, addServedService } from '../span/service-attributes.js';
import type { ChunkTimes } from './chunk-times.js';
import type { Exchange } from './exchange.js';

/**
 * @param dialect the request's dialect, or the one that the answer has shown.
 * @param server the host of the request, as far as it is known.
 */
export function requestFacts(
  operation: Pick<Operation, 'spanType' | 'priceList'>,
  request: OperationRequest,
  dialect: Dialect,
  server?: ServerEndpoint,
): Attributes {
  const { spanType } = operation;
  const { modelId, facts } = request;
  const provider = (server && operation.priceList?.(server)) ?? request.model.vendor;
  const messageFormat = dialect.chatView?.format;
  const parameters = dialect.readParameters(request.body() ?? {});
  const attributes: Attributes = {};
  addRequest(attributes, { operation: dialect.operation, spanType, messageFormat, modelId, provider, parameters });
  addRequestedService(attributes, request.service());
  addAll(attributes, facts);
  return attributes;
}

/** Facts of a call whose input asks for a streamed answer. */
export function streamFacts({ stream }: Operation, input: unknown): Attributes {
  const isRequested = stream && (stream.isRequested?.(asMembers(input)) ?? true);
  return isRequested ? { [ATTR_GEN_AI_REQUEST_STREAM]: true } : {};
}

/** What {@link requestFacts} has of words, read from a copy of the request as `contentHook` has returned it. */
export function hookedRequestFacts(request: OperationRequest, dialect: Dialect, content: JsonValue): Attributes {
  const attributes: Attributes = {};
  addParameters(attributes, dialect.readParameters(request.form.bodyOf(content) ?? {}));
  addRequestedService(attributes, request.serviceIn(asMembers(content)));
  return attributes;
}

/** The words in what {@link answerFacts} has, read from a copy of the answer as `contentHook` has returned it. */
export function hookedAnswerFacts(answer: OperationAnswer, content: JsonValue): Attributes {
  const attributes: Attributes = {};
  const body = answer.form.bodyOf(content);
  if (body) addResponse(attributes, answer.dialect.readResponse(body));
  // The whole trace shows whether a guardrail has intervened, and a hook can remove the trace.
  addServedService(attributes, { ...answer.serviceIn(asMembers(content)), guardrailAction: undefined });
  return attributes;
}

/** @param content a copy of the request, as `contentHook` has edited it. */
export function recordedRequest(request: OperationRequest, dialect: Dialect, content: JsonValue): RecordedRequest {
  return {
    content,
    read(recorded) {
      const body = request.form.bodyOf(recorded);
      if (!body) return undefined;
      const { stopSequences } = dialect.readParameters(body);
      const details = dialect.readInputDetails?.(body);
      return { input: dialect.readInput(body), tools: dialect.readTools(body), stopSequences, details };
    },
    show: (recorded) => request.form.show(recorded, dialect.chatView?.request),
  };
}

/** @param content a copy of the answer, as `contentHook` has edited it. */
export function recordedAnswer({ dialect, form }: OperationAnswer, content: JsonValue): RecordedAnswer {
  return {
    content,
    read(recorded) {
      const body = form.bodyOf(recorded);
      return body && { messages: dialect.readOutput(body), details: dialect.readOutputDetails?.(body) };
    },
    show: (recorded) => form.show(recorded, dialect.chatView?.response),
  };
}

/** The figures of an answer, for metrics and span. */
export interface AnswerFigures {
  readonly operation: OperationName;
  readonly facts: ResponseFacts | undefined;
  readonly usage: TokenUsage | undefined;
}

/** @param answer undefined if the call failed before it was answered. */
export function answerFigures(
  request: OperationRequest,
  answer: OperationAnswer | undefined,
  exchange: Exchange | undefined,
): AnswerFigures {
  const { operation } = answer?.dialect ?? request.dialect;
  const body = answer?.body();
  const facts = answer && body && answer.dialect.readResponse(body);
  const vendor = request.model.vendor ?? answeringVendor(facts);
  const usage = combineUsage([facts?.usage, exchange?.usage, answer?.usage], vendor);
  return { operation, facts, usage };
}

/** A prompt router names the model that answered by its ARN. Other models name themselves without their vendor. */
function answeringVendor(facts: ResponseFacts | undefined): string | undefined {
  return facts?.model?.startsWith('arn:') ? identifyModel(facts.model).vendor : undefined;
}

/** A call that has ended, as far as its last attributes need it. */
interface EndedCall {
  readonly request: OperationRequest;
  /** Undefined if the call failed before it was answered. */
  readonly answer: OperationAnswer | undefined;
  readonly exchange: Exchange;
  /** The host in the attributes that the span was started with. */
  readonly startServer: ServerEndpoint | undefined;
  readonly times: ChunkTimes;
}

/**
 * Attributes that the span does not have from its start. Those of the start are not repeated, so they stay as a hook has
 * changed them.
 */
export function answerFacts(
  { request, answer, exchange, startServer, times }: EndedCall,
  { operation, facts, usage }: AnswerFigures,
): Attributes {
  const attributes: Attributes = {};
  if (exchange.server && exchange.server !== startServer) addServer(attributes, exchange.server);
  if (operation !== request.dialect.operation) attributes[ATTR_GEN_AI_OPERATION_NAME] = operation;
  addExchange(attributes, exchange.facts());
  add(attributes, ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, times.toFirstChunk);
  const requested = exchange.requested();
  if (requested) addRequestedService(attributes, missingIn(request.service(), requested));
  const served = exchange.served();
  if (served) addServedService(attributes, served);
  return Object.assign(attributes, statedFacts(request, answer, { operation, facts, usage }));
}

/** Attributes that the answer states. */
export function statedFacts(
  request: OperationRequest,
  answer: OperationAnswer | undefined,
  { operation, facts, usage }: AnswerFigures,
): Attributes {
  const attributes: Attributes = {};
  if (usage) addUsage(attributes, usage, operation);
  if (facts) addResponse(attributes, facts);
  if (answer) addServedService(attributes, answer.service());
  const isModelHidden = request.model.baseId === undefined;
  if (isModelHidden && facts?.model !== undefined) addAnsweringModel(attributes, facts.model);
  addAll(attributes, answer?.facts);
  return attributes;
}

/** What the headers ask for and the input does not: the application's own middleware has added it. */
function missingIn(input: RequestedService, headers: RequestedService): RequestedService {
  const missing: { -readonly [Key in keyof RequestedService]: RequestedService[Key] } = { ...headers };
  for (const key of Object.keys(input) as (keyof RequestedService)[]) {
    if (input[key] !== undefined) delete missing[key];
  }
  return missing;
}
