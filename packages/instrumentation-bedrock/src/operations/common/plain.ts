/** Operations that are no inference: their content is recorded as it is, and some members as attributes. */

import type { Attributes } from '@opentelemetry/api';
import {
  asMembers,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  type ToJsonOptions,
  toJson,
} from '../../data/json.js';
import { identifyModel, type ModelIdentity } from '../../data/model-id.js';
import { once } from '../../data/once.js';
import { readGuardrail, type ServedService } from '../../data/service.js';
import { blankDialect } from '../../dialects/blank.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { ContentForm, Operation } from './operation.js';

export interface PlainOperation {
  readonly name: string;
  readonly spanType: Operation['spanType'];
  /** Default: true. */
  readonly recordsContent?: boolean;
  /** Where the input has messages; absent if it has none. */
  readonly input?: PlainInput;
  requestFacts?(input: JsonObject): Attributes;
  answerFacts?(output: JsonObject): Attributes;
  served?(output: JsonObject): ServedService;
  /** Returns a copy of the output without what must not be recorded, such as credentials. */
  answerContent?(content: JsonValue): JsonValue;
}

/** The part of an input that has the messages of a dialect. */
interface PlainInput {
  bodyOf(input: JsonObject): JsonObject | undefined;
  dialectOf(model: ModelIdentity, body: () => JsonObject | undefined): Dialect;
}

const FORM: ContentForm = { bodyOf: () => undefined, show: (content) => content };

export function plainOperation(plain: PlainOperation): Operation {
  const { name, spanType, recordsContent = true } = plain;
  const dialect = blankDialect(name, operationWord(name));
  const body = (): undefined => undefined;
  const copy = (value: unknown, limits: ToJsonOptions): JsonValue | undefined =>
    recordsContent ? toJson(value, limits) : undefined;
  const served = (output: JsonObject): ServedService => plain.served?.(output) ?? {};
  const inputForm = plain.input ? formOf(plain.input) : FORM;
  const requestDialect = (raw: JsonObject, model: ModelIdentity): Dialect => {
    if (!plain.input) return dialect;
    const { bodyOf, dialectOf } = plain.input;
    const { readInput, readTools, readParameters } = dialectOf(model, () => bodyOf(raw));
    return { ...dialect, readInput, readTools, readParameters };
  };
  return {
    name,
    spanType,
    readRequest(input, limits) {
      const raw = asMembers(input);
      const modelId = asString(raw['modelId']);
      const model = identifyModel(modelId);
      return {
        modelId,
        model,
        dialect: requestDialect(raw, model),
        isCertain: true,
        facts: plain.requestFacts?.(raw),
        body: () => plain.input?.bodyOf(raw),
        content: () => copy(input, limits),
        form: inputForm,
        service: once(() => readGuardrail(raw)),
        serviceIn: readGuardrail,
      };
    },
    readAnswer(request, output, limits) {
      const raw = asMembers(output);
      return {
        dialect: request.dialect,
        facts: plain.answerFacts?.(raw),
        body,
        content() {
          const content = copy(output, limits);
          return content === undefined ? undefined : (plain.answerContent?.(content) ?? content);
        },
        form: FORM,
        service: () => served(raw),
        serviceIn: served,
      };
    },
  };
}

function formOf({ bodyOf }: PlainInput): ContentForm {
  return { ...FORM, bodyOf: (content) => (isObject(content) ? bodyOf(content) : undefined) };
}

/** The conventions have no words for these operations. This is the API's own name in their style: `count_tokens`. */
function operationWord(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase();
}
