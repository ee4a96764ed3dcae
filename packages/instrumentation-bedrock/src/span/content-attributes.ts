/** The attributes of content: what a request and an answer say, in the form of the conventions and in that of MLflow. */

import type { Attributes } from '@opentelemetry/api';
import {
  type ContentDetails,
  type InputContent,
  type Message,
  type OutputMessage,
  type ToolDefinition,
  textPart,
} from '../data/messages.js';
import * as semconv from '../data/semconv.js';
import { contentNote } from '../data/shrink.js';
import { keyed } from './attributes.js';

/** Content by attribute: JSON text on spans, structured values in events. */
export type ContentAttributes = Readonly<Record<string, unknown>>;

export function inputContent({ messages, systemInstructions }: InputContent): ContentAttributes {
  const content: Record<string, unknown> = {};
  if (messages.length > 0) content[semconv.ATTR_GEN_AI_INPUT_MESSAGES] = messages;
  if (systemInstructions) content[semconv.ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = systemInstructions;
  return content;
}

export function promptVariables({ promptVariables: variables = new Map() }: InputContent): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of variables) attributes[keyed(semconv.ATTR_GEN_AI_PROMPT_VARIABLE, name)] = value;
  return attributes;
}

export function contentParameters(stopSequences: readonly string[] = []): Attributes {
  return stopSequences.length > 0 ? { [semconv.ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: [...stopSequences] } : {};
}

export function outputContent(messages: readonly OutputMessage[]): ContentAttributes {
  return messages.length > 0 ? { [semconv.ATTR_GEN_AI_OUTPUT_MESSAGES]: messages } : {};
}

export function toolContent(tools: readonly ToolDefinition[]): ContentAttributes {
  return tools.length > 0 ? { [semconv.ATTR_GEN_AI_TOOL_DEFINITIONS]: tools } : {};
}

/**
 * The tools in OpenAI's form, which is the only one that MLflow shows. Its `ChatTool` accepts no type but `function`, and
 * older versions show no tool at all if one has another type. So a provider's own tool becomes a function without
 * parameters, as in MLflow's own tracing of Anthropic.
 */
export function mlflowTools(tools: readonly ToolDefinition[]): ContentAttributes {
  if (tools.length === 0) return {};
  return { [semconv.ATTR_MLFLOW_CHAT_TOOLS]: tools.map(({ type, ...tool }) => ({ type: 'function', function: tool })) };
}

/** The content of a request that its dialect reads. */
export interface RequestContent {
  readonly input: InputContent;
  readonly tools: readonly ToolDefinition[];
  readonly stopSequences: readonly string[] | undefined;
  readonly details: ContentDetails | undefined;
}

/** The content of an answer that its dialect reads. */
export interface AnswerContent {
  readonly messages: readonly OutputMessage[];
  readonly details: ContentDetails | undefined;
}

/** The details that are text. */
export function textDetails(details: ContentDetails = {}): Attributes {
  const attributes: Attributes = {};
  for (const name in details) {
    const value = details[name];
    if (typeof value === 'string') attributes[name] = value;
  }
  return attributes;
}

/** The details that are JSON. */
export function jsonDetails(details: ContentDetails = {}): ContentAttributes {
  const content: Record<string, unknown> = {};
  for (const name in details) {
    const value = details[name];
    if (value !== undefined && typeof value !== 'string') content[name] = value;
  }
  return content;
}

/** The content of one call, by the form in which it is recorded. */
export interface ContentForms {
  /** On spans in any form. */
  readonly parameters: Attributes;
  readonly genAi: ContentAttributes;
  /** Texts of the GenAI form, which are no JSON. */
  readonly texts: Attributes;
  readonly mlflow: ContentAttributes;
}

/** Returns what to record in the place of a value that is too long by its number of parts; undefined for nothing. */
export function noteInPlaceOf(name: string, value: unknown, length: number): unknown {
  const note = contentNote(length);
  switch (name) {
    case semconv.ATTR_GEN_AI_INPUT_MESSAGES:
    case semconv.ATTR_GEN_AI_OUTPUT_MESSAGES:
      return (value as readonly Message[]).slice(0, 1).map((first) => ({ ...first, parts: [textPart(note)] }));
    case semconv.ATTR_GEN_AI_SYSTEM_INSTRUCTIONS:
      return [textPart(note)];
    case semconv.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS:
    case semconv.ATTR_GEN_AI_TOOL_CALL_RESULT:
    case semconv.ATTR_MLFLOW_SPAN_INPUTS:
    case semconv.ATTR_MLFLOW_SPAN_OUTPUTS:
      return note;
    case semconv.ATTR_GEN_AI_REQUEST_STOP_SEQUENCES:
      return [note];
    default:
      // A list of tools has no place for a note. A prompt variable has one.
      return typeof value === 'string' ? note : undefined;
  }
}
