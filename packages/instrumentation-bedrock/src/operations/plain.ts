/** Operations that are no inference: their content is recorded as it is, and some members as attributes. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, asString, type JsonObject, type JsonValue, type ToJsonOptions, toJson } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { ATTR_AWS_BEDROCK_GUARDRAIL_ID } from '../data/semconv.js';
import { blankDialect } from '../dialects/blank.js';
import type { ContentForm, Operation } from './operation.js';

export interface PlainOperation {
  readonly name: string;
  readonly spanType: Operation['spanType'];
  /** Default: true. */
  readonly recordsContent?: boolean;
  requestFacts?(input: JsonObject): Attributes;
  answerFacts?(output: JsonObject): Attributes;
}

const FORM: ContentForm = { bodyOf: () => undefined, show: (content) => content };

export function plainOperation(plain: PlainOperation): Operation {
  const { name, spanType, recordsContent = true } = plain;
  const dialect = blankDialect(name, operationWord(name));
  const body = (): undefined => undefined;
  const copy = (value: unknown, limits: ToJsonOptions): JsonValue | undefined =>
    recordsContent ? toJson(value, limits) : undefined;
  return {
    name,
    spanType,
    readRequest(input, limits) {
      const raw = asObject(input) ?? {};
      const modelId = asString(raw['modelId']);
      const facts = {
        [ATTR_AWS_BEDROCK_GUARDRAIL_ID]: asString(raw['guardrailIdentifier']),
        ...plain.requestFacts?.(raw),
      };
      const content = (): JsonValue | undefined => copy(input, limits);
      return { modelId, model: identifyModel(modelId), dialect, isCertain: true, facts, body, content, form: FORM };
    },
    readAnswer(_request, output, limits) {
      const facts = plain.answerFacts?.(asObject(output) ?? {});
      return { dialect, facts, body, content: () => copy(output, limits), form: FORM };
    },
  };
}

/** The conventions have no words for these operations. This is the API's own name in their style: `count_tokens`. */
function operationWord(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase();
}
