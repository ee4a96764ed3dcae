/** Operations of OpenAI's API. Input and output are the JSON bodies; chunks of a stream are JSON, too. */

import type { Attributes } from '@opentelemetry/api';
import { priceListOf } from '../../data/bedrock-hosts.js';
import { statedErrorType } from '../../data/error-type.js';
import type { StatedError } from '../../data/facts.js';
import { asMembers, asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import type { RequestedService } from '../../data/service.js';
import { asWord } from '../../data/words.js';
import type { Dialect } from '../../dialects/dialect.js';
import { createFold } from '../../dialects/index.js';
import { type DescribedOperation, describedAnswer, describedOperation } from '../common/described.js';
import { readModelError } from '../common/model-error.js';
import type { Operation, StreamOptions, StreamReader } from '../common/operation.js';
import { readVerdict, ServiceMembers } from '../common/service-members.js';
import { redactChunk, redactTools } from './redact.js';

interface OpenAiOperation {
  /** The path below `/v1/`, with dots in the place of slashes. */
  readonly name: string;
  readonly spanType: Operation['spanType'];
  /** The value of `openai.api.type`. The conventions define the first two, and allow others. */
  readonly apiType: 'chat_completions' | 'responses' | 'completions' | 'embeddings';
  readonly dialect: Dialect;
  /** False if the API streams no answer of this operation. */
  readonly streams: boolean;
  /** Default: none. */
  requestFacts?(input: JsonObject): Attributes;
  requested?(input: JsonObject): RequestedService;
}

export function openAiOperation({ apiType, streams, ...operation }: OpenAiOperation): Operation {
  const described: DescribedOperation = {
    ...operation,
    modelOf: (input) => asString(input['model']),
    requestFacts: (input) => ({
      [semconv.ATTR_OPENAI_API_TYPE]: apiType,
      [semconv.ATTR_OPENAI_REQUEST_SERVICE_TIER]: asWord(input['service_tier']),
      ...operation.requestFacts?.(input),
    }),
    answerFacts: (output) => ({
      [semconv.ATTR_OPENAI_RESPONSE_SERVICE_TIER]: asWord(output['service_tier']),
      [semconv.ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT]: asWord(output['system_fingerprint']),
    }),
    answerError: (output) => readModelError(output) ?? readFailure(output),
    served: readVerdict,
    redact: redactTools,
  };
  return {
    ...describedOperation(described),
    priceList: priceListOf,
    ...(streams && {
      stream: {
        member: 'stream',
        isRequested: (input) => input['stream'] === true,
        createReader: (_request, _output, options) => chunkReader(described, options),
      },
    }),
  };
}

/** An answer of the Responses API can have failed without an error that says why. */
function readFailure({ status }: JsonObject): StatedError | undefined {
  return status === 'failed' ? { type: statedErrorType([]), message: undefined } : undefined;
}

/** An event that is an error has its members beside its type. */
function errorOf({ code, message, param }: JsonObject): JsonObject {
  return { code, message, param };
}

/** Reads the JSON of server-sent events. */
function chunkReader(described: DescribedOperation, options: StreamOptions): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  const fold = createFold(described.dialect, { content, maxLength, maxMediaBytes });
  const members = new ServiceMembers();
  let error: JsonValue | undefined;
  return {
    read(event) {
      const chunk = asObject(event);
      if (!chunk) return undefined;
      fold.add(chunk);
      members.add(chunk);
      // An answer of the Responses API that failed has its error in itself.
      if (readModelError(chunk)) error ??= chunk['error'] ?? errorOf(chunk);
      return chunk;
    },
    show(value) {
      const chunk = asMembers(value);
      return { name: asString(chunk['type']) ?? 'chunk', value: redactChunk(chunk) };
    },
    answer() {
      const guardrail = members.guardrail(fold.isComplete() === false);
      const folded = fold.body();
      const body = folded || error ? { ...folded, ...guardrail, ...(error === undefined ? {} : { error }) } : undefined;
      return { ...describedAnswer(described, body, options), usage: members.usage };
    },
    isComplete: () => fold.isComplete(),
  };
}
