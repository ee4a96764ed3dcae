import { uuidOf } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import { countTokens } from '../../../model/tokens.js';
import type { Agent } from './agent.js';

/** What the model of an agent returns: thoughts, then a call of a tool or the answer. */
export interface ModelAnswer {
  readonly thinking: string;
  readonly toolUse?: ToolUse;
  readonly text?: string;
}

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
}

/** A finished step, as the next prompts of the model have it. */
export interface Exchange {
  readonly answer: ModelAnswer;
  readonly result: string;
}

/** An earlier question of the session. */
export interface PastTurn {
  readonly question: string;
  readonly answer: string;
}

/** Returns the model's prompt as the service's traces have it: JSON, with contents in Java's notation. */
export function promptOf(
  agent: Agent,
  history: readonly PastTurn[],
  question: string,
  exchanges: readonly Exchange[],
): string {
  const past = history.flatMap((turn) => [
    { content: `[{text=${turn.question}, type=text}]`, role: 'user' },
    { content: `[{text=${turn.answer}, type=text}]`, role: 'assistant' },
  ]);
  const messages = exchanges.flatMap(({ answer, result }) => [
    { content: assistantContent(answer), role: 'assistant' },
    {
      content: `[{tool_use_id=${answer.toolUse?.id}, type=tool_result, content=[Content{type=text, text=${result}}]}]`,
      role: 'user',
    },
  ]);
  return JSON.stringify({
    system: ` ${agent.instruction} Provide your final answer to the user's question within <answer></answer> xml tags.`,
    messages: [...past, { content: `[{text=${question}, type=text}]`, role: 'user' }, ...messages],
  });
}

export function inferenceConfiguration(): JsonObject {
  return {
    __type: 'com.amazon.bedrock.agent.common.types#InferenceConfiguration',
    maximumLength: 2048,
    stopSequences: ['</invoke>', '</answer>', '</error>'],
    temperature: 0,
    topK: 250,
    topP: 1,
  };
}

export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function usageOf(prompt: string, answer: ModelAnswer): ModelUsage {
  const { thinking, toolUse, text = '' } = answer;
  const call = toolUse ? countTokens(toolUse.name) + countTokens(JSON.stringify(toolUse.input)) : 0;
  return { inputTokens: countTokens(prompt), outputTokens: countTokens(thinking) + countTokens(text) + call };
}

/** Returns the model's own answer as JSON, in the format of its family. */
export function rawResponse(model: string, answer: ModelAnswer, usage: ModelUsage): string {
  return JSON.stringify(
    /anthropic\./.test(model) ? anthropicMessage(model, answer, usage) : converseAnswer(answer, usage),
  );
}

function anthropicMessage(model: string, { thinking, toolUse, text }: ModelAnswer, usage: ModelUsage): JsonObject {
  const written = [thinking && `<thinking>${thinking}</thinking>`, text && `<answer>${text}`]
    .filter(Boolean)
    .join('\n\n');
  return {
    id: `msg_bdrk_${uuidOf([model, written])}`,
    type: 'message',
    role: 'assistant',
    model: model.replace(/^.*anthropic\.|-v\d+:\d+$/g, ''),
    content: [
      { type: 'text', text: written, id: null, name: null, input: null },
      ...(toolUse ? [{ type: 'tool_use', text: null, ...toolUse }] : []),
    ],
    stop_reason: toolUse ? 'tool_use' : 'stop_sequence',
    stop_sequence: toolUse ? null : '</answer>',
    usage: {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: null,
    },
  };
}

function converseAnswer({ thinking, toolUse, text }: ModelAnswer, usage: ModelUsage): JsonObject {
  const reasoning = { reasoningText: { text: thinking, signature: null }, redactedContent: null };
  return {
    output: {
      message: {
        role: 'assistant',
        content: [
          { text: null, toolUse: null, reasoningContent: reasoning },
          ...(text === undefined ? [] : [{ text: `<answer>${text}</answer>`, toolUse: null, reasoningContent: null }]),
          ...(toolUse
            ? [
                {
                  text: null,
                  toolUse: { toolUseId: toolUse.id, name: toolUse.name, input: toolUse.input },
                  reasoningContent: null,
                },
              ]
            : []),
        ],
      },
    },
    stopReason: toolUse ? 'tool_use' : 'end_turn',
    usage: {
      ...usage,
      totalTokens: usage.inputTokens + usage.outputTokens,
      cacheReadInputTokens: null,
      cacheWriteInputTokens: null,
    },
    metrics: null,
  };
}

function assistantContent({ thinking, toolUse }: ModelAnswer): string {
  const input = Object.entries(toolUse?.input ?? {}).map(([name, value]) => `${name}=${value}`);
  const use = `{input={${input.join(', ')}}, name=${toolUse?.name}, id=${toolUse?.id}, type=tool_use}`;
  return `[{text=<thinking>${thinking}</thinking>, type=text}, ${use}]`;
}
