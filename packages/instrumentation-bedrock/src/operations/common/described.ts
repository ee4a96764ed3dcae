/** Operations whose input and output are, as a whole, in one dialect. */

import type { Attributes } from '@opentelemetry/api';
import type { StatedError } from '../../data/facts.js';
import { asMembers, asObject, type JsonObject, type JsonValue, setMembers, toJson } from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import { once } from '../../data/once.js';
import type { RequestedService, ServedService } from '../../data/service.js';
import { leaveOutVectors } from '../../data/vectors.js';
import type { Dialect } from '../../dialects/dialect.js';
import { eventReader } from './events.js';
import { WHOLE } from './form.js';
import type {
  ContentForm,
  ContentLimits,
  Operation,
  OperationAnswer,
  OperationRequest,
  OperationStream,
  StreamOptions,
  StreamReader,
} from './operation.js';

/** What an operation adds to its dialect. The functions get objects of the application and read only figures and ids. */
export interface DescribedOperation {
  readonly name: string;
  readonly spanType: Operation['spanType'];
  readonly dialect: Dialect;
  /** Default: no model. */
  modelOf?(input: JsonObject): string | undefined;
  /** See {@link OperationRequest.identity}. */
  identity?(input: JsonObject): Attributes;
  requestFacts?(input: JsonObject): Attributes;
  answerFacts?(output: JsonObject): Attributes;
  /** See {@link OperationAnswer.error}. */
  answerError?(output: JsonObject): StatedError | undefined;
  requested?(input: JsonObject): RequestedService;
  served?(output: JsonObject): ServedService;
  /** Default: the whole input. */
  readonly requestForm?: ContentForm;
  /** Default: the whole output. */
  readonly answerForm?: ContentForm;
  /** Hides credentials in a copy of the input or the output. Default: there are none. */
  redact?(content: JsonValue): JsonValue;
  /** The output's member that is the event stream; absent if the operation has none. */
  readonly stream?: OperationStream['member'];
}

export function describedOperation(described: DescribedOperation): Operation {
  const { name, spanType, dialect } = described;
  const requested = (input: JsonObject): RequestedService => described.requested?.(input) ?? {};
  const member = described.stream;
  return {
    name,
    spanType,
    ...(member && {
      stream: { member, createReader: (_request, output, options) => describedReader(described, output, options) },
    }),
    readRequest(input, limits) {
      const raw = asMembers(input);
      const modelId = described.modelOf?.(raw);
      return {
        modelId,
        model: identifyModel(modelId),
        identity: described.identity?.(raw),
        facts: described.requestFacts?.(raw),
        dialect,
        isCertain: true,
        body: () => raw,
        content: () => redacted(described, toJson(input, limits)),
        form: described.requestForm ?? WHOLE,
        service: once(() => requested(raw)),
        serviceIn: requested,
      };
    },
    readAnswer: (_request, output, limits) => describedAnswer(described, asObject(output), limits),
  };
}

/** @param output undefined if a stream has ended before it had an answer. */
export function describedAnswer(
  described: DescribedOperation,
  output: JsonObject | undefined,
  limits: ContentLimits,
): OperationAnswer {
  const served = (members: JsonObject): ServedService => described.served?.(members) ?? {};
  const hasVectors = output && described.dialect.operation === 'embeddings';
  return {
    dialect: described.dialect,
    facts: described.answerFacts?.(output ?? {}),
    error: described.answerError?.(output ?? {}),
    body: () => output,
    content() {
      const copy = toJson(hasVectors ? leaveOutVectors(output, limits.maxEmbeddingLength) : output, limits);
      return redacted(described, copy);
    },
    form: described.answerForm ?? WHOLE,
    service: () => served(output ?? {}),
    serviceIn: served,
  };
}

function redacted({ redact }: DescribedOperation, content: JsonValue | undefined): JsonValue | undefined {
  return content === undefined || !redact ? content : redact(content);
}

/** Creates a reader for the stream of an operation. Its answer has the members that the output has beside the stream. */
export function describedReader(described: DescribedOperation, output: unknown, options: StreamOptions): StreamReader {
  // Copied at once: a reference to the output would keep an abandoned stream from being collected.
  const head = copyHead(output, described.stream, options);
  return eventReader(described.dialect, options, (arrived, hasEnded) => {
    const body = { ...head, ...arrived, ...(hasEnded ? {} : { incomplete: true }) };
    const answer = describedAnswer(described, body, options);
    // The head alone says nothing of an answer.
    return arrived ? answer : { ...answer, content: () => undefined };
  });
}

/** Copies what an output has beside its stream, without `$metadata`, which no record of a stream has. */
function copyHead(output: unknown, stream: string | undefined, limits: ContentLimits): JsonObject {
  const members: JsonObject = {};
  setMembers(members, asMembers(output), stream);
  delete members['$metadata'];
  return asMembers(toJson(members, limits));
}
