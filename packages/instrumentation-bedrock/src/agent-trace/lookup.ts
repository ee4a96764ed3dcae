/** A lookup of an agent in a knowledge base, from its query and its documents. */

import type { Attributes } from '@opentelemetry/api';
import { asString, type JsonObject } from '../data/json.js';
import { asId } from '../data/words.js';
import { documentCount, retrieval, retrievalIdentity } from '../dialects/knowledge-base/retrieval.js';
import { DOCUMENTS } from '../operations/common/form.js';
import type { Step } from '../operations/common/operation.js';
import type { ContentBudget } from './content-budget.js';
import { makeStep } from './step.js';
import { StepLife } from './step-life.js';
import { readMetadata, type TraceEvent } from './trace-event.js';

export class Lookup {
  readonly life: StepLife;
  readonly #budget: ContentBudget;
  #knowledgeBaseId: string | undefined;
  #query: string | undefined;
  #answerFacts: Attributes | undefined;
  #documents: JsonObject | undefined;

  constructor(event: TraceEvent, budget: ContentBudget) {
    this.life = new StepLife(event);
    this.#budget = budget;
  }

  addQuery({ knowledgeBaseId, text }: JsonObject): void {
    this.#knowledgeBaseId = asId(knowledgeBaseId);
    this.#query = this.#budget.keepText(asString(text));
  }

  addResult(event: TraceEvent, { metadata, ...result }: JsonObject): void {
    this.life.end(event, readMetadata(metadata));
    this.#answerFacts = documentCount(result['retrievedReferences']);
    this.#documents = this.#budget.keep(result);
  }

  toStep(latest: Date | undefined): Step {
    return makeStep({
      dialect: retrieval,
      spanType: 'RETRIEVER',
      isRequest: true,
      identity: retrievalIdentity(this.#knowledgeBaseId),
      requestContent: () =>
        this.#query === undefined ? undefined : { knowledgeBaseId: this.#knowledgeBaseId, text: this.#query },
      answer: this.#answerFacts && { facts: this.#answerFacts, content: () => this.#documents, form: DOCUMENTS },
      life: this.life,
      latest,
    });
  }
}
