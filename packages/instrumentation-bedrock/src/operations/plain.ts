/** Operations that are no inference: what was asked and answered as a whole, and the facts worth searching for. */

import type { Attributes } from '@opentelemetry/api';
import {
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
  type ToJsonOptions,
  toJson,
} from '../data/json.js';
import {
  ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS,
  ATTR_AWS_BEDROCK_GUARDRAIL_ACTION,
  ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT,
  ATTR_AWS_BEDROCK_GUARDRAIL_VERSION,
  ATTR_AWS_BEDROCK_INVOCATION_ARN,
  ATTR_AWS_BEDROCK_INVOCATION_STATUS,
  ATTR_GEN_AI_RESPONSE_MODEL,
} from '../data/semconv.js';
import { blankDialect } from '../dialects/blank.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Api, ApiResponse } from './operation.js';

interface PlainOperation {
  readonly spanType: Api['spanType'];
  /** Where content may be recorded; operations that are not known here record none. */
  readonly recordsContent: boolean;
  requestAttributes?(input: JsonObject): Attributes;
  responseAttributes?(output: JsonObject): Attributes;
}

const OPERATIONS: Readonly<Record<string, PlainOperation>> = {
  ApplyGuardrail: {
    spanType: 'GUARDRAIL',
    recordsContent: true,
    requestAttributes: (input) =>
      present({ [ATTR_AWS_BEDROCK_GUARDRAIL_VERSION]: asString(input['guardrailVersion']) }),
    responseAttributes: (output) =>
      present({
        [ATTR_AWS_BEDROCK_GUARDRAIL_ACTION]: asString(output['action']),
        [ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT]: Array.isArray(output['assessments'])
          ? output['assessments'].length
          : undefined,
      }),
  },
  CountTokens: {
    spanType: 'LLM',
    recordsContent: true,
    // Counted, not used: as token usage MLflow would charge for it.
    responseAttributes: (output) =>
      present({ [ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS]: asNumber(output['inputTokens']) }),
  },
  StartAsyncInvoke: {
    spanType: 'LLM',
    recordsContent: true,
    responseAttributes: (output) => present({ [ATTR_AWS_BEDROCK_INVOCATION_ARN]: asString(output['invocationArn']) }),
  },
  GetAsyncInvoke: {
    spanType: 'LLM',
    recordsContent: true,
    requestAttributes: (input) => present({ [ATTR_AWS_BEDROCK_INVOCATION_ARN]: asString(input['invocationArn']) }),
    responseAttributes: (output) =>
      present({
        [ATTR_AWS_BEDROCK_INVOCATION_STATUS]: asString(output['status']),
        [ATTR_GEN_AI_RESPONSE_MODEL]: asString(output['modelArn']),
      }),
  },
};

const UNKNOWN: PlainOperation = { spanType: 'LLM', recordsContent: false };

/** The API of an operation of the client that is no inference. */
export function plainApi(operation: string): Api {
  const { spanType, recordsContent, requestAttributes, responseAttributes } = Object.hasOwn(OPERATIONS, operation)
    ? (OPERATIONS[operation] as PlainOperation)
    : UNKNOWN;
  const dialect = plainDialect(operation);
  const content = (value: unknown, limits: ToJsonOptions): JsonValue | undefined =>
    recordsContent ? toJson(value, limits) : undefined;
  return {
    spanType,
    readRequest(input, limits) {
      const raw = asObject(input) ?? {};
      return {
        dialect,
        isCertain: true,
        modelId: asString(raw['modelId']),
        guardrailId: asString(raw['guardrailIdentifier']),
        attributes: requestAttributes?.(raw),
        body: () => undefined,
        content: () => content(input, limits),
        bodyOf: () => undefined,
        record: (recorded) => recorded,
      };
    },
    readResponse(_request, output, limits): ApiResponse {
      return {
        dialect,
        attributes: responseAttributes?.(asObject(output) ?? {}),
        body: () => undefined,
        content: () => content(output, limits),
        usage: undefined,
        bodyOf: () => undefined,
        record: (recorded) => recorded,
      };
    },
    createStream() {
      throw new TypeError(`${operation} is not read as a stream`);
    },
  };
}

/** The conventions have no words for these operations: theirs is the API's own, in their style. */
function plainDialect(operation: string): Dialect {
  return blankDialect(operation, operation.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase());
}

function present(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
