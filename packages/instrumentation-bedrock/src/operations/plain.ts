/** Operations that are no inference: their content is recorded as it is, and some members as attributes. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, asString, type JsonObject, type JsonValue, type ToJsonOptions, toJson } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { once } from '../data/once.js';
import { readGuardrail, type ServedService } from '../data/service.js';
import { blankDialect } from '../dialects/blank.js';
import type { ContentForm, Operation } from './operation.js';

export interface PlainOperation {
  readonly name: string;
  readonly spanType: Operation['spanType'];
  /** Default: true. */
  readonly recordsContent?: boolean;
  requestFacts?(input: JsonObject): Attributes;
  answerFacts?(output: JsonObject): Attributes;
  served?(output: JsonObject): ServedService;
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
      return {
        modelId,
        model: identifyModel(modelId),
        dialect,
        isCertain: true,
        facts: plain.requestFacts?.(raw),
        body,
        content: () => copy(input, limits),
        form: FORM,
        service: once(() => readGuardrail(raw)),
      };
    },
    readAnswer(_request, output, limits) {
      const raw = asObject(output) ?? {};
      return {
        dialect,
        facts: plain.answerFacts?.(raw),
        body,
        content: () => copy(output, limits),
        form: FORM,
        service: () => plain.served?.(raw) ?? {},
      };
    },
  };
}

/** The conventions have no words for these operations. This is the API's own name in their style: `count_tokens`. */
function operationWord(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase();
}
