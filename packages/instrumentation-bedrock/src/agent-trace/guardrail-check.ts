/** A check of an agent's input or output by a guardrail. */

import { guardrailAction, INTERVENED } from '../data/guardrail.js';
import { asObject, type JsonObject } from '../data/json.js';
import { ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT, ATTR_AWS_BEDROCK_GUARDRAIL_SOURCE } from '../data/semconv.js';
import { agentGuardrail, assessmentsOf } from '../dialects/agent/guardrail.js';
import type { Step } from '../operations/common/operation.js';
import type { ContentBudget } from './content-budget.js';
import { makeStep } from './step.js';
import { StepLife } from './step-life.js';
import { readMetadata, type TraceEvent } from './trace-event.js';

export class GuardrailCheck {
  readonly life: StepLife;
  readonly action: string | undefined;
  readonly #source: 'INPUT' | 'OUTPUT' | undefined;
  readonly #assessmentCount: number | undefined;
  readonly #content: JsonObject | undefined;

  constructor(event: TraceEvent, budget: ContentBudget) {
    const { traceId, metadata, ...check } = event.value;
    const { inputAssessments, outputAssessments } = check;
    const assessments = assessmentsOf(check);
    this.life = new StepLife(event);
    this.life.end(event, readMetadata(metadata));
    this.action = guardrailAction(check['action']);
    this.#source = inputAssessments ? 'INPUT' : outputAssessments ? 'OUTPUT' : sourceOf(event.traceId);
    this.#assessmentCount = Array.isArray(assessments) ? assessments.length : undefined;
    this.#content = budget.keep(check);
  }

  toStep(latest: Date | undefined): Step {
    return makeStep({
      dialect: agentGuardrail,
      spanType: 'GUARDRAIL',
      isRequest: false,
      requestFacts: { [ATTR_AWS_BEDROCK_GUARDRAIL_SOURCE]: this.#source },
      requestContent: () => undefined,
      answer: {
        facts: { [ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT]: this.#assessmentCount },
        content: () => asObject(this.#content),
        served: { guardrailAction: this.action },
      },
      life: this.life,
      latest,
    });
  }
}

function sourceOf(traceId: string): 'INPUT' | 'OUTPUT' | undefined {
  if (traceId.includes('-guardrail-pre-')) return 'INPUT';
  return traceId.includes('-guardrail-post-') ? 'OUTPUT' : undefined;
}

/** The verdict of all checks of one agent; undefined if there was none. */
export function strictestAction(known: string | undefined, action: string | undefined): string | undefined {
  return known === INTERVENED ? known : (action ?? known);
}
