/** Operations of OpenAI's API. Input and output are the JSON bodies; chunks of a stream are JSON, too. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asWord } from '../../data/words.js';
import type { Dialect } from '../../dialects/dialect.js';
import { createFold } from '../../dialects/index.js';
import { type DescribedOperation, describedAnswer, describedOperation } from '../common/described.js';
import { readModelError } from '../common/model-error.js';
import type { Operation, StreamOptions, StreamReader } from '../common/operation.js';
import { readVerdict, ServiceMembers } from '../common/service-members.js';

/** The value of `openai.api.type`. The conventions define two of them and allow others. */
type ApiType = 'chat_completions' | 'responses' | 'completions' | 'embeddings';

export interface OpenAiOperation {
  /** The path below `/v1/`, with dots in the place of slashes. */
  readonly name: string;
  readonly spanType: Operation['spanType'];
  readonly apiType: ApiType;
  readonly dialect: Dialect;
  /** False if the API streams no answer of this operation. */
  readonly streams: boolean;
  /** Default: none. */
  requestFacts?(input: JsonObject): Attributes;
  answerFacts?(output: JsonObject): Attributes;
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
      ...operation.answerFacts?.(output),
    }),
    answerError: readModelError,
    served: readVerdict,
  };
  return {
    ...describedOperation(described),
    ...(streams && {
      stream: {
        member: 'stream',
        isRequested: (input) => input['stream'] === true,
        createReader: (_request, _output, options) => chunkReader(described, options),
      },
    }),
  };
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
      // A failed answer of the Responses API has its error in itself.
      if (readModelError(chunk)) error ??= chunk['error'] ?? chunk;
      return chunk;
    },
    show: (chunk) => ({ name: asString(asObject(chunk)?.['type']) ?? 'chunk', value: chunk }),
    answer() {
      const folded = fold.body();
      const guardrail = members.guardrail(fold.isComplete() === false);
      const body = folded || error ? { ...folded, ...guardrail, ...(error === undefined ? {} : { error }) } : undefined;
      return { ...describedAnswer(described, body, options), usage: members.usage };
    },
    isComplete: () => fold.isComplete(),
  };
}
