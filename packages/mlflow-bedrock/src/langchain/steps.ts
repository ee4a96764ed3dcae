import type { Attributes } from '@opentelemetry/api';
import type { SpanType } from '../traced/span-type.js';

/** What LangChain says when a chain starts. Tools and retrievers have callbacks of their own. */
export interface ChainStart {
  /** Path and name of the class. */
  readonly id: readonly unknown[];
  readonly name: string | undefined;
  readonly tags: readonly unknown[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What the span of a step is. */
export interface StepKind {
  readonly name: string;
  readonly spanType: SpanType;
  readonly attributes?: Attributes;
  /** Whether it is a node of a graph. Default: false. */
  readonly isNode?: boolean;
}

/** LangGraph marks steps with it that only its own machinery needs. */
const HIDDEN = 'langsmith:hidden';

/**
 * Returns what the span of a chain is: an agent, a graph, one of its nodes, or a lambda with a name. Undefined for every
 * other one. LangChain does not run sequences, prompts and parsers in a context of their own, so a call to a model
 * could not become a child of their spans.
 */
export function stepOfChain({ id, name, tags, metadata }: ChainStart): StepKind | undefined {
  if (name === undefined || tags.includes(HIDDEN)) return undefined;
  const [library, part] = id;
  if (library === 'langgraph' && part === 'pregel') return stepOfGraph(name, metadata);
  // Sequences within a node have its metadata, too, but no name or another one.
  if (name === metadata['langgraph_node']) return { name, spanType: 'CHAIN', isNode: true };
  // Without a name of its own, a lambda has that of its class.
  return id.at(-1) === 'RunnableLambda' && name !== 'RunnableLambda' ? { name, spanType: 'CHAIN' } : undefined;
}

function stepOfGraph(name: string, metadata: ChainStart['metadata']): StepKind {
  const { thread_id: thread, lc_agent_name: agentName } = metadata;
  const attributes = typeof thread === 'string' ? { 'gen_ai.conversation.id': thread } : {};
  if (metadata['ls_integration'] !== 'langchain_create_agent') return { name, spanType: 'CHAIN', attributes };
  return { name: typeof agentName === 'string' ? agentName : name, spanType: 'AGENT', attributes };
}
