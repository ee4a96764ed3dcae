import type { Attributes } from '@opentelemetry/api';
import { unquote } from '../../../common/json.js';
import { SPAN_TYPE } from '../../../mlflow/names.js';

type Kinds = Readonly<Record<string, string>>;

/**
 * Attributes in which other conventions name the kind of a span, and the span type that MLflow shows for each value. The
 * server translates most of them itself, but only where it shows a span: a search by `span.type` finds none of them.
 * Order and types are those of mlflow/tracing/otel/translation in MLflow 3.17.2 and 3.18.0. The server does not know the
 * values under "Further ones".
 */
const CONVENTIONS: readonly (readonly [attribute: string, kinds: Kinds])[] = [
  // https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md. MLflow has no type for PROMPT.
  [
    'openinference.span.kind',
    {
      LLM: 'LLM',
      CHAIN: 'CHAIN',
      AGENT: 'AGENT',
      TOOL: 'TOOL',
      RETRIEVER: 'RETRIEVER',
      EMBEDDING: 'EMBEDDING',
      RERANKER: 'RERANKER',
      GUARDRAIL: 'GUARDRAIL',
      EVALUATOR: 'EVALUATOR',
    },
  ],
  // https://code.claude.com/docs/en/monitoring-usage#traces-beta
  [
    'span.type',
    {
      'claude_code.interaction': 'AGENT',
      'claude_code.llm_request': 'LLM',
      'claude_code.tool': 'TOOL',
      interaction: 'AGENT',
      llm_request: 'LLM',
      tool: 'TOOL',
    },
  ],
  // https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/#gen-ai-operation-name
  [
    'gen_ai.operation.name',
    {
      chat: 'CHAT_MODEL',
      text_completion: 'LLM',
      generate_content: 'LLM',
      response: 'LLM',
      embeddings: 'EMBEDDING',
      execute_tool: 'TOOL',
      invoke_agent: 'AGENT',
      create_agent: 'AGENT',
      // Further ones
      retrieval: 'RETRIEVER',
      invoke_workflow: 'WORKFLOW',
      rerank: 'RERANKER',
      // One turn of an agent of AI SDK 7: a call to a model and the tools that it asks for
      agent_step: 'CHAIN',
      // Strands: groups of agents, their members, and the memory of an agent
      invoke_graph: 'WORKFLOW',
      invoke_swarm: 'WORKFLOW',
      execute_node: 'CHAIN',
      'memory.search': 'MEMORY',
      'memory.add': 'MEMORY',
      'memory.extract': 'MEMORY',
      'memory.inject': 'MEMORY',
    },
  ],
  // https://github.com/traceloop/openllmetry, package opentelemetry-semantic-conventions-ai
  ['traceloop.span.kind', { workflow: 'WORKFLOW', task: 'TASK', agent: 'AGENT', tool: 'TOOL' }],
  // Further ones
  ['llm.request.type', { chat: 'CHAT_MODEL', completion: 'LLM', embedding: 'EMBEDDING', rerank: 'RERANKER' }],
  // https://ai-sdk.dev/docs/ai-sdk-core/telemetry
  [
    'ai.operationId',
    {
      'ai.generateText': 'LLM',
      'ai.generateText.doGenerate': 'LLM',
      'ai.streamText': 'LLM',
      'ai.streamText.doStream': 'LLM',
      'ai.generateObject': 'LLM',
      'ai.generateObject.doGenerate': 'LLM',
      'ai.streamObject': 'LLM',
      'ai.streamObject.doStream': 'LLM',
      'ai.toolCall': 'TOOL',
      'ai.embed': 'EMBEDDING',
      'ai.embed.doEmbed': 'EMBEDDING',
      'ai.embedMany': 'EMBEDDING',
      // Further ones
      'ai.embedMany.doEmbed': 'EMBEDDING',
      'ai.rerank': 'RERANKER',
      'ai.rerank.doRerank': 'RERANKER',
    },
  ],
  // https://voltagent.dev. Spans inherit `entity.type` from the agent above them, so `span.type` goes first.
  ['span.type', { agent: 'AGENT', llm: 'LLM', tool: 'TOOL', memory: 'MEMORY' }],
  ['entity.type', { agent: 'AGENT', llm: 'LLM', tool: 'TOOL', memory: 'MEMORY' }],
  // https://docs.lmnr.ai
  [
    'lmnr.span.type',
    {
      LLM: 'LLM',
      TOOL: 'TOOL',
      DEFAULT: 'CHAIN',
      PIPELINE: 'CHAIN',
      EXECUTOR: 'AGENT',
      EVALUATOR: 'EVALUATOR',
      HUMAN_EVALUATOR: 'EVALUATOR',
      EVALUATION: 'EVALUATOR',
      CACHED: 'LLM',
    },
  ],
  // https://langfuse.com/docs/observability/features/observation-types
  [
    'langfuse.observation.type',
    {
      generation: 'LLM',
      embedding: 'EMBEDDING',
      tool: 'TOOL',
      retriever: 'RETRIEVER',
      agent: 'AGENT',
      chain: 'CHAIN',
      evaluator: 'EVALUATOR',
      guardrail: 'GUARDRAIL',
    },
  ],
];

/** Attributes that name the kind of a span in words of other conventions. */
export const KIND_ATTRIBUTES: readonly string[] = CONVENTIONS.map(([attribute]) => attribute);

/** MLflow shows this type for a span without one, so it counts as none. */
const UNKNOWN = 'UNKNOWN';

/** MLflow's type of a span by any convention. Undefined for a span that has nothing to do with models. */
export function spanType(attributes: Attributes): string | undefined {
  const own = readWord(attributes[SPAN_TYPE]);
  return own === undefined || own === UNKNOWN ? impliedType(attributes) : own;
}

/** The attributes with `mlflow.spanType`, if a convention implies a type. The same object if nothing is to change. */
export function withSpanType(attributes: Attributes): Attributes {
  const type = spanType(attributes);
  return type === undefined || type === attributes[SPAN_TYPE] ? attributes : { ...attributes, [SPAN_TYPE]: type };
}

function impliedType(attributes: Attributes): string | undefined {
  for (const [attribute, kinds] of CONVENTIONS) {
    const type = lookUp(kinds, readWord(attributes[attribute]));
    if (type !== undefined) return type;
  }
  // One turn of an agent of Strands: a call to a model and the tools that it asks for
  if (attributes['agent_loop.cycle_id'] !== undefined) return 'CHAIN';
  // The AI SDK adds a name of the application to the operation: `ai.generateText answer-question`.
  const [operation] = readWord(attributes['operation.name'])?.split(' ') ?? [];
  const ofAiSdk = operation?.startsWith('ai.') ? impliedType({ 'ai.operationId': operation }) : undefined;
  // The server, too, takes every other span with a model for a call of that model.
  return ofAiSdk ?? (readWord(attributes['gen_ai.request.model']) === undefined ? undefined : 'LLM');
}

function lookUp(kinds: Kinds, kind: string | undefined): string | undefined {
  return kind !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}

/** A text, also if it is the JSON of that text, as MLflow's own clients write it. Undefined if it is empty. */
function readWord(value: Attributes[string]): string | undefined {
  return (typeof value === 'string' && unquote(value)) || undefined;
}
