/** Makes steps of what their drafts have collected. */

import type { Attributes } from '@opentelemetry/api';
import type { JsonObject, JsonValue } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { ATTR_AWS_BEDROCK_AGENT_FAILURE_CODE, ATTR_AWS_REQUEST_ID } from '../data/semconv.js';
import type { ServedService } from '../data/service.js';
import type { UsageReport } from '../data/usage.js';
import type { Dialect } from '../dialects/dialect.js';
import { WHOLE } from '../operations/common/form.js';
import type { ContentForm, SpanType, Step } from '../operations/common/operation.js';
import type { StepLife } from './step-life.js';

export interface DescribedStep {
  readonly dialect: Dialect;
  readonly spanType: SpanType;
  readonly isRequest: boolean;
  readonly modelId?: string | undefined;
  readonly identity?: Attributes;
  readonly requestFacts?: Attributes;
  /** The part of the request that has no content. */
  readonly requestFigures?: JsonObject | undefined;
  readonly requestContent: () => JsonValue | undefined;
  readonly answer: DescribedAnswer | undefined;
  readonly life: StepLife;
  readonly latest: Date | undefined;
  readonly steps?: readonly Step[];
}

interface DescribedAnswer {
  readonly facts?: Attributes;
  /** The part of the answer that has no content. */
  readonly figures?: JsonObject | undefined;
  readonly usage?: UsageReport | undefined;
  readonly content: () => JsonValue | undefined;
  /** Default: the whole content is in the dialect. */
  readonly form?: ContentForm;
  readonly served?: ServedService;
}

export function makeStep(described: DescribedStep): Step {
  const { dialect, spanType, isRequest, modelId, answer, life, latest, steps = [] } = described;
  const { failureCode } = life;
  return {
    spanType,
    isRequest,
    request: {
      dialect,
      modelId,
      model: identifyModel(modelId),
      identity: described.identity,
      facts: {
        ...described.requestFacts,
        [ATTR_AWS_REQUEST_ID]: life.metadata?.requestId,
        [ATTR_AWS_BEDROCK_AGENT_FAILURE_CODE]: failureCode,
      },
      isCertain: true,
      body: () => described.requestFigures,
      content: described.requestContent,
      form: WHOLE,
      service: () => ({}),
      serviceIn: () => ({}),
    },
    answer: answer && {
      dialect,
      facts: answer.facts,
      usage: answer.usage,
      body: () => answer.figures,
      content: answer.content,
      form: answer.form ?? WHOLE,
      service: () => answer.served ?? {},
      serviceIn: () => ({}),
    },
    failure: life.failure,
    isOpen: life.isOpen,
    ...life.times(latest),
    steps,
  };
}
