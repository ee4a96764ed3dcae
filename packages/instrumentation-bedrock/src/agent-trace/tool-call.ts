/** An action of an agent, or code that it runs, from its input and its result. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, isObject, type JsonObject } from '../data/json.js';
import * as semconv from '../data/semconv.js';
import { asText, asWord } from '../data/words.js';
import { actionName, readArguments } from '../dialects/agent/actions.js';
import { agentToolCall, resultOf } from '../dialects/agent/tool-call.js';
import type { ContentForm, Step } from '../operations/common/operation.js';
import type { ContentBudget } from './content-budget.js';
import { makeStep } from './step.js';
import { StepLife } from './step-life.js';
import { readMetadata, type TraceEvent } from './trace-event.js';

const RESULT: ContentForm = {
  bodyOf: asObject,
  show: (content) => (isObject(content) ? resultOf(content) : content),
};

const CODE_INTERPRETER: Attributes = {
  [semconv.ATTR_GEN_AI_TOOL_NAME]: 'code_interpreter',
  [semconv.ATTR_GEN_AI_TOOL_TYPE]: 'extension',
};

/** The longest name of a function or path of an API that is recorded. */
const MAX_NAME_LENGTH = 200;

export class ToolCall {
  readonly life: StepLife;
  readonly #budget: ContentBudget;
  #identity: Attributes = {};
  #facts: Attributes = {};
  #arguments: JsonObject | undefined;
  #isAnswered = false;
  #result: JsonObject | undefined;

  constructor(event: TraceEvent, budget: ContentBudget) {
    this.life = new StepLife(event);
    this.#budget = budget;
  }

  /** @param action `actionGroupInvocationInput`, or what the application has returned for one. */
  addAction(action: JsonObject): void {
    this.#identity = {
      [semconv.ATTR_GEN_AI_TOOL_NAME]: asText(actionName(action), MAX_NAME_LENGTH),
      [semconv.ATTR_GEN_AI_TOOL_TYPE]: 'function',
    };
    this.#facts = {
      [semconv.ATTR_GEN_AI_TOOL_CALL_ID]: asWord(action['invocationId']),
      [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_NAME]: asWord(action['actionGroupName'] ?? action['actionGroup']),
      [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_EXECUTION_TYPE]: asWord(action['executionType']),
      [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_VERB]: asWord(action['verb'] ?? action['httpMethod']),
    };
    // The application takes the action after the end of the stream.
    if (action['executionType'] === 'RETURN_CONTROL') this.life.leave();
    if (this.#budget.isOff || !hasArguments(action)) return;
    this.#arguments = this.#budget.keep(readArguments(action));
  }

  addCode({ code, files }: JsonObject): void {
    this.#identity = CODE_INTERPRETER;
    if (!this.#budget.isOff) this.#arguments = this.#budget.keep({ code, files });
  }

  addResult(event: TraceEvent, output: JsonObject): void {
    const { metadata, ...result } = output;
    this.life.end(event, readMetadata(metadata));
    this.#isAnswered = true;
    this.#result = this.#budget.keep(result);
  }

  /** The observation of code can arrive without its input. */
  markAsCode(): void {
    this.#identity = CODE_INTERPRETER;
  }

  toStep(latest: Date | undefined): Step {
    return makeStep({
      dialect: agentToolCall,
      spanType: 'TOOL',
      isRequest: false,
      identity: this.#identity,
      requestFacts: this.#facts,
      requestContent: () => this.#arguments,
      answer: this.#isAnswered ? { content: () => this.#result, form: RESULT } : undefined,
      life: this.life,
      latest,
    });
  }
}

function hasArguments(action: JsonObject): boolean {
  return action['parameters'] !== undefined || action['requestBody'] !== undefined;
}
