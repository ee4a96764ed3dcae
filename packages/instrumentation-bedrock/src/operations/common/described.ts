/** Operations whose input and output are, as a whole, in one dialect. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, type JsonObject, toJson } from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import { once } from '../../data/once.js';
import type { RequestedService, ServedService } from '../../data/service.js';
import type { Dialect } from '../../dialects/dialect.js';
import { WHOLE } from './form.js';
import type { ContentForm, ContentLimits, Operation, OperationAnswer, OperationRequest } from './operation.js';

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
  requested?(input: JsonObject): RequestedService;
  served?(output: JsonObject): ServedService;
  /** Default: the whole output. */
  readonly answerForm?: ContentForm;
}

export function describedOperation(described: DescribedOperation): Operation {
  const { name, spanType, dialect } = described;
  const requested = (input: JsonObject): RequestedService => described.requested?.(input) ?? {};
  return {
    name,
    spanType,
    readRequest(input, limits) {
      const raw = asObject(input) ?? {};
      const modelId = described.modelOf?.(raw);
      return {
        modelId,
        model: identifyModel(modelId),
        identity: described.identity?.(raw),
        facts: described.requestFacts?.(raw),
        dialect,
        isCertain: true,
        body: () => raw,
        content: () => toJson(input, limits),
        form: WHOLE,
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
  return {
    dialect: described.dialect,
    facts: described.answerFacts?.(output ?? {}),
    body: () => output,
    content: () => toJson(output, limits),
    form: described.answerForm ?? WHOLE,
    service: () => served(output ?? {}),
    serviceIn: served,
  };
}
