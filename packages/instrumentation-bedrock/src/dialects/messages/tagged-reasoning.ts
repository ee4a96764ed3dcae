/** Reasoning that a model writes into the text of its answer, between tags. */

import { type Part, textPart } from '../../data/messages.js';

/** gpt-oss writes `reasoning`. DeepSeek, Qwen, MiniMax and others write `think`, Magistral's older template `[THINK]`. */
const TAGGED: readonly RegExp[] = [
  /^\s*<(think|thinking|reasoning)>([\s\S]*?)(?:<\/\1>|$)/,
  /^\s*\[(THINK)\]([\s\S]*?)(?:\[\/\1\]|$)/,
];

/**
 * The end of reasoning whose start is in the prompt, as the chat templates of DeepSeek R1 and Qwen have it. The tag stands
 * at the end of a line or a sentence or between two words without spaces, and no punctuation follows. Prose that quotes the
 * tag does not match.
 */
const UNOPENED =
  /^((?:(?!<think>)[\s\S])*?)(?:(?<![^\n.!?:;)\]}…。！？])<\/think>(?!\s*[`'".,;:!?)])|(?<![\s`'"])<\/think>(?=[\p{L}\p{N}]|[ \t]*(?:\n|$)))/u;

/**
 * Reads the text of an answer as reasoning and text. Only the start of the answer can be reasoning. Reasoning without an
 * end was cut off, so it has no text after it.
 */
export function readAnswerText(content: string): Part[] {
  const parts: Part[] = [];
  let rest = content;
  // Most answers have no tag, so look at the first letters before the text is searched.
  for (let match = matchLead(rest); match; match = matchLead(rest)) {
    const [lead, , reasoning = ''] = match;
    addReasoning(parts, reasoning);
    rest = rest.slice(lead.length).trimStart();
  }
  const unopened = parts.length === 0 && rest.includes('</think>') ? UNOPENED.exec(rest) : null;
  if (unopened && rest.indexOf('</think>') === rest.lastIndexOf('</think>')) {
    addReasoning(parts, unopened[1] ?? '');
    rest = rest.slice(unopened[0].length).trimStart();
  }
  return rest === '' ? parts : [...parts, textPart(rest)];
}

function matchLead(text: string): RegExpExecArray | undefined {
  if (!/^\s*[<[]/.test(text)) return undefined;
  for (const pattern of TAGGED) {
    const match = pattern.exec(text);
    if (match) return match;
  }
  return undefined;
}

/** Models that do not think in a turn write an empty pair of tags. */
function addReasoning(parts: Part[], reasoning: string): void {
  const content = reasoning.trim();
  if (content !== '') parts.push({ type: 'reasoning', content });
}
