import type { Attributes } from '@opentelemetry/api';

/** The type of a span in MLflow, which shows each of these in its own way. Other words are recorded as they are. */
export type SpanType =
  | 'AGENT'
  | 'CHAIN'
  | 'CHAT_MODEL'
  | 'EMBEDDING'
  | 'EVALUATOR'
  | 'GUARDRAIL'
  | 'LLM'
  | 'MEMORY'
  | 'PARSER'
  | 'RERANKER'
  | 'RETRIEVER'
  | 'TASK'
  | 'TOOL'
  | 'UNKNOWN'
  | 'WORKFLOW'
  | (string & {});

/** Attributes of OpenTelemetry's GenAI conventions for spans of a type. */
export function genAiAttributes(spanType: SpanType, name: string): Attributes {
  switch (spanType) {
    case 'AGENT':
      return { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name };
    case 'TOOL':
      return {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.type': 'function',
      };
    case 'RETRIEVER':
      return { 'gen_ai.operation.name': 'retrieval' };
    default:
      return {};
  }
}
