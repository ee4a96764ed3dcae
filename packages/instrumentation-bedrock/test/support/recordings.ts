/** Translates what a recording expects into what a span must say. */

import type { ReplayedExchange, ToolCall } from './exchanges.js';

/** An exchange as the recordings beside the repository have it. Null stands for what the provider did not send. */
export interface Recording extends Omit<ReplayedExchange, 'expected'> {
  readonly expected: {
    /** The provider's own figure: for Claude, Nova and Converse without cached tokens. */
    readonly input_tokens: number | null;
    readonly output_tokens: number | null;
    readonly cache_read_input_tokens: number | null;
    readonly cache_creation_input_tokens: number | null;
    readonly finish_reasons: readonly string[];
    readonly text: string | null;
    readonly choices: readonly { readonly text: string }[] | null;
    readonly embeddings: { readonly count: number; readonly dimensions: number } | null;
    readonly tool_calls: readonly ToolCall[];
    readonly reasoning: string | null;
    readonly response_id: string | null;
    readonly error: { readonly type: string; readonly message: string } | null;
  };
}

export function fromRecording({ expected, ...exchange }: Recording): ReplayedExchange {
  const { operation } = exchange;
  if (operation === 'CountTokens' || operation === 'ApplyGuardrail')
    return fromPlainRecording({ expected, ...exchange });
  const { input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: write } = expected;
  const choices =
    expected.choices && expected.choices.length > 1 ? expected.choices.map(({ text }) => text) : undefined;
  return {
    ...exchange,
    expected: {
      inputTokens: input === null ? undefined : input + (read ?? 0) + (write ?? 0),
      outputTokens: expected.output_tokens ?? undefined,
      cacheReadTokens: read ?? undefined,
      cacheWriteTokens: write ?? undefined,
      finishReasons: expected.finish_reasons,
      // Converse has no id of its own; the recordings give that of the HTTP request.
      responseId: operation.startsWith('Converse') ? undefined : (expected.response_id ?? undefined),
      dimensions: expected.embeddings?.dimensions,
      texts: choices ?? [expected.text ?? ''],
      reasoning: expected.reasoning ?? '',
      toolCalls: expected.tool_calls.map(({ name, id, arguments: args }) => ({
        name,
        ...(id && { id }),
        arguments: args,
      })),
      error: expected.error ?? undefined,
      isIncomplete: exchange.id.includes('truncated'),
    },
  };
}

/** Operations that are no inference. */
function fromPlainRecording({ expected, ...exchange }: Recording): ReplayedExchange {
  const { operation, modelId, request, response } = exchange;
  const error = expected.error ?? undefined;
  if (operation === 'CountTokens') {
    const counted = expected.input_tokens;
    const attributes = counted === null ? {} : { 'aws.bedrock.counted_input_tokens': counted };
    return { ...exchange, expected: { spanName: `count_tokens ${modelId}`, spanType: 'LLM', attributes, error } };
  }
  const [, guardrailIdentifier, guardrailVersion] =
    /guardrail\/([^/]+)\/version\/([^/]+)/.exec(request.path ?? '') ?? [];
  const attributes = {
    'aws.bedrock.guardrail.id': guardrailIdentifier,
    'aws.bedrock.guardrail.version': guardrailVersion,
    'aws.bedrock.guardrail.action': (response.body as { action: string }).action,
  };
  return {
    ...exchange,
    request: { ...request, input: { guardrailIdentifier, guardrailVersion } },
    expected: { spanName: 'apply_guardrail', spanType: 'GUARDRAIL', attributes, error },
  };
}
