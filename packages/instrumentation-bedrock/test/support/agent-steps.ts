/** What the spans beneath a call of an agent say, and what the trace of a recording says, in one form. */

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { AgentRecording, ExpectedAction, ExpectedStep } from './agent-runtime.js';
import { json } from './tracing.js';

/** A step of an agent. Undefined members are not compared. */
export interface StepView {
  /** `chat`, `execute_tool`, `retrieval`, `invoke_agent` or `apply_guardrail`. */
  readonly operation: string;
  /** The collaborators above it, each with its start in milliseconds. */
  readonly path: string;
  readonly start: number;
  readonly end: number | undefined;
  /** Model, tool, knowledge base or collaborator. */
  readonly target: string | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly promptType?: string | undefined;
  readonly finishReason?: string | undefined;
  readonly guardrailAction?: string | undefined;
  /** Number of documents. */
  readonly documents?: number | undefined;
  readonly arguments?: unknown;
  readonly text?: unknown;
}

const TARGETS: Readonly<Record<string, string>> = {
  chat: 'gen_ai.request.model',
  execute_tool: 'gen_ai.tool.name',
  retrieval: 'gen_ai.data_source.id',
  invoke_agent: 'gen_ai.agent.name',
};

export function millisOf([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1000 + Math.round(nanos / 1e6);
}

/** Returns the steps beneath a span, in the order of their times. @param hasContent whether the spans have content. */
export function stepsOfSpans(root: ReadableSpan, spans: readonly ReadableSpan[], hasContent: boolean): StepView[] {
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const pathOf = (span: ReadableSpan): string => {
    const parent = byId.get(span.parentSpanContext?.spanId ?? '');
    if (!parent) return 'elsewhere';
    return parent === root
      ? ''
      : `${pathOf(parent)}/${parent.attributes['gen_ai.agent.name']}@${millisOf(parent.startTime)}`;
  };
  return sorted(
    spans.filter((span) => span !== root).map((span) => ({ ...viewOf(span, hasContent), path: pathOf(span) })),
  );
}

function viewOf(span: ReadableSpan, hasContent: boolean): Omit<StepView, 'path'> {
  const { attributes } = span;
  const text = (name: string): string | undefined => attributes[name] as string | undefined;
  const number = (name: string): number | undefined => attributes[name] as number | undefined;
  const operation = String(attributes['gen_ai.operation.name']);
  const reasons = attributes['gen_ai.response.finish_reasons'] as readonly string[] | undefined;
  const read = number('gen_ai.usage.cache_read.input_tokens') ?? 0;
  const written = number('gen_ai.usage.cache_creation.input_tokens') ?? 0;
  const input = number('gen_ai.usage.input_tokens');
  return {
    operation,
    start: millisOf(span.startTime),
    end: millisOf(span.endTime),
    target: text(TARGETS[operation] ?? ''),
    // The service counts tokens without those from the cache.
    inputTokens: input === undefined ? undefined : input - read - written,
    outputTokens: number('gen_ai.usage.output_tokens'),
    promptType: text('aws.bedrock.agent.prompt_type'),
    finishReason: operation === 'chat' ? reasons?.[0] : undefined,
    guardrailAction: operation === 'apply_guardrail' ? text('aws.bedrock.guardrail.action') : undefined,
    ...(hasContent ? contentOf(span, operation) : {}),
  };
}

function contentOf(span: ReadableSpan, operation: string): Partial<StepView> {
  const documents = json(span, 'gen_ai.retrieval.documents') as readonly unknown[] | undefined;
  const result = span.attributes['gen_ai.tool.call.result'];
  const output = json(span, 'gen_ai.output.messages') as
    | readonly { parts: readonly { content?: unknown }[] }[]
    | undefined;
  return {
    documents: documents?.length,
    arguments: json(span, 'gen_ai.tool.call.arguments'),
    text:
      operation === 'execute_tool' ? result : operation === 'invoke_agent' ? output?.[0]?.parts[0]?.content : undefined,
  };
}

/** Returns the steps that a recording has in its trace. @param hasContent whether to return content. */
export function stepsOfRecording({ expected }: AgentRecording, hasContent: boolean): StepView[] {
  const { steps, model_calls: calls, actions } = expected;
  const at = (index: number | null): ExpectedStep | undefined => (index === null ? undefined : steps[index]);
  const times = (input: ExpectedStep | undefined, output: ExpectedStep | undefined) => ({
    start: millis(output?.start_time) ?? millis(input?.event_time ?? output?.event_time) ?? Number.NaN,
    end: output ? (millis(output.end_time) ?? millis(output.event_time)) : undefined,
  });
  const startOf = (action: ExpectedAction): number => times(at(action.input_step), at(action.output_step)).start;
  const pathOf = (traceId: string): string => {
    const caller = actions.find(({ child_trace_prefix: prefix }) => prefix !== null && traceId.startsWith(prefix));
    return caller ? `${pathOf(caller.trace_id)}/${caller.name}@${startOf(caller)}` : '';
  };
  const modelCalls = calls.map((call): StepView => {
    const [input, output] = [at(call.input_step), at(call.output_step)];
    return {
      operation: 'chat',
      path: pathOf(call.trace_id),
      ...times(input, output),
      target: call.model ?? undefined,
      inputTokens: call.input_tokens ?? undefined,
      outputTokens: call.output_tokens ?? undefined,
      promptType: call.prompt_type ?? undefined,
      finishReason: (output?.['raw_stop_reason'] as string | null | undefined) ?? undefined,
    };
  });
  const others = actions.map((action): StepView => {
    const [input, output] = [at(action.input_step), at(action.output_step)];
    return {
      ...actionView(action, input, output, hasContent),
      path: pathOf(action.trace_id),
      ...times(input, output),
    };
  });
  const guardrails = steps
    .filter(({ type }) => type === 'guardrailTrace')
    .map((step): StepView => {
      const action = step['action'] === 'INTERVENED' ? 'GUARDRAIL_INTERVENED' : String(step['action']);
      return {
        operation: 'apply_guardrail',
        path: pathOf(step.trace_id),
        ...times(undefined, step),
        target: undefined,
        guardrailAction: action,
      };
    });
  return sorted([...modelCalls, ...others, ...guardrails]);
}

function actionView(
  { target, name }: ExpectedAction,
  input: ExpectedStep | undefined,
  output: ExpectedStep | undefined,
  hasContent: boolean,
): Pick<StepView, 'operation' | 'target' | 'documents' | 'arguments' | 'text'> {
  const text = hasContent ? ((output?.['text'] as string | null | undefined) ?? undefined) : undefined;
  switch (target) {
    case 'agentCollaborator':
      return { operation: 'invoke_agent', target: name ?? undefined, text };
    case 'knowledgeBase':
      return {
        operation: 'retrieval',
        target: name ?? undefined,
        documents: hasContent ? (output?.['retrieved_references'] as number | undefined) : undefined,
      };
    case 'codeInterpreter':
      return { operation: 'execute_tool', target: 'code_interpreter' };
    case 'actionGroup':
      return {
        operation: 'execute_tool',
        target: ((input?.['function'] ?? input?.['api_path']) as string | null | undefined) ?? undefined,
        arguments: hasContent ? input?.['parameters'] : undefined,
        text,
      };
  }
}

function millis(time: string | null | undefined): number | undefined {
  return time ? new Date(time).getTime() : undefined;
}

function sorted(steps: readonly StepView[]): StepView[] {
  const key = ({ start, operation, path, target, inputTokens }: StepView): string =>
    JSON.stringify([start, operation, path, target, inputTokens]);
  return [...steps].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
