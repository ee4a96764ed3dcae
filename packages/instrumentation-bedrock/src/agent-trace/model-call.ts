/** A model call of an agent, from its input and its output. */

import { asMembers, asNumber, asObject, asString, asStrings, type JsonObject, type JsonValue } from '../data/json.js';
import { ATTR_AWS_BEDROCK_AGENT_INPUT_VALID, ATTR_AWS_BEDROCK_AGENT_PROMPT_TYPE } from '../data/semconv.js';
import type { UsageReport } from '../data/usage.js';
import { asId, asWord } from '../data/words.js';
import {
  agentModelCall,
  figuresOfRaw,
  parseRawResponse,
  readPromptText,
  readRawUsage,
} from '../dialects/agent/model-call.js';
import type { Step } from '../operations/common/operation.js';
import type { ContentBudget } from './content-budget.js';
import { makeStep } from './step.js';
import { StepLife } from './step-life.js';
import { readMetadata, type TraceEvent } from './trace-event.js';

/** What a model call is for, if its input is missing. */
const PROMPT_TYPES: ReadonlyMap<string, string> = new Map([
  ['orchestrationTrace', 'ORCHESTRATION'],
  ['preProcessingTrace', 'PRE_PROCESSING'],
  ['postProcessingTrace', 'POST_PROCESSING'],
  ['routingClassifierTrace', 'ROUTING_CLASSIFIER'],
]);

interface CallAnswer {
  readonly figures: JsonObject;
  readonly usage: UsageReport;
  readonly isValid: boolean | undefined;
  readonly content: JsonObject | undefined;
}

export class ModelCall {
  readonly life: StepLife;
  readonly #budget: ContentBudget;
  #promptType: string | undefined;
  #modelId: string | undefined;
  #parameters: JsonObject | undefined;
  #stopSequences: JsonObject | undefined;
  #text: string | undefined;
  #answer: CallAnswer | undefined;
  #rationale: string | undefined;

  constructor(event: TraceEvent, budget: ContentBudget) {
    this.life = new StepLife(event);
    this.#budget = budget;
    this.#promptType = PROMPT_TYPES.get(event.kind);
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  addInput({ value }: TraceEvent): void {
    this.#promptType = asWord(value['type']) ?? this.#promptType;
    this.#modelId = asId(value['foundationModel']);
    // The newest SDK lets members of the wire through that its types do not have, so only the known ones are copied.
    const { temperature, topP, topK, maximumLength, stopSequences } = asMembers(value['inferenceConfiguration']);
    this.#parameters = numbers({ temperature, topP, topK, maximumLength });
    const stops = asStrings(stopSequences);
    this.#stopSequences = stops && this.#budget.keep({ stopSequences: stops });
    this.#text = this.#budget.keepText(asString(value['text']));
  }

  addOutput(event: TraceEvent): void {
    const { rawResponse, reasoningContent, parsedResponse, metadata } = event.value;
    const read = readMetadata(metadata);
    this.life.end(event, read);
    const text = asString(asObject(rawResponse)?.['content']);
    const raw = text === undefined ? undefined : parseRawResponse(text);
    const parsed = asObject(parsedResponse);
    this.#answer = {
      figures: raw ? { rawResponse: figuresOfRaw(raw) } : {},
      usage: {
        ...(raw && readRawUsage(raw)),
        ...numbers({ inputTokens: read.usage?.['inputTokens'], outputTokens: read.usage?.['outputTokens'] }),
      },
      isValid: typeof parsed?.['isValid'] === 'boolean' ? parsed['isValid'] : undefined,
      content: this.#budget.keep(
        defined({ rawResponse: raw ?? text, reasoningContent: withoutType(reasoningContent), parsedResponse: parsed }),
      ),
    };
  }

  addRationale({ value }: TraceEvent): void {
    this.#rationale = this.#budget.keepText(asString(value['text'])) ?? this.#rationale;
  }

  toStep(latest: Date | undefined): Step {
    const answer = this.#answer;
    return makeStep({
      dialect: agentModelCall,
      spanType: 'CHAT_MODEL',
      isRequest: true,
      modelId: this.#modelId,
      requestFacts: { [ATTR_AWS_BEDROCK_AGENT_PROMPT_TYPE]: this.#promptType },
      requestFigures: { inferenceConfiguration: this.#parameters },
      requestContent: () => this.#requestContent(),
      answer: answer && {
        facts: { [ATTR_AWS_BEDROCK_AGENT_INPUT_VALID]: answer.isValid },
        figures: answer.figures,
        usage: answer.usage,
        content: () => this.#budget.whenOn(() => ({ ...answer.content, rationale: this.#rationale })),
      },
      life: this.life,
      latest,
    });
  }

  #requestContent(): JsonValue | undefined {
    return this.#budget.whenOn(() => ({
      foundationModel: this.#modelId,
      type: this.#promptType,
      inferenceConfiguration: { ...this.#parameters, ...this.#stopSequences },
      ...readPromptText(this.#text ?? ''),
    }));
  }
}

function numbers(members: JsonObject): JsonObject & Record<string, number> {
  const read: Record<string, number> = {};
  for (const [name, value] of Object.entries(members)) {
    const number = asNumber(value);
    if (number !== undefined) read[name] = number;
  }
  return read;
}

/** Some SDKs leave a member of the wire in this object. */
function withoutType(value: JsonValue | undefined): JsonObject | undefined {
  const { __type, ...members } = asMembers(value);
  return Object.keys(members).length > 0 ? members : undefined;
}

function defined(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
