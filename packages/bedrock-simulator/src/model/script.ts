import { isObject } from '../json.js';
import { quoteDocuments } from './citations.js';
import type { Conversation, Message, Quote, Tool, ToolCall } from './conversation.js';
import { findPlaces } from './places.js';
import { planCalls, relevantTools } from './tool-calls.js';

export interface Turn {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly quotes: readonly Quote[];
}

/** Ends every scripted answer. */
export const DISCLAIMER = '(Scripted by the local Bedrock simulator; no model ran.)';

/**
 * Returns the assistant's next turn. With tools it follows the ReAct pattern: a turn calls one kind of tool while the
 * question asks for a tool that was not called yet. The last turn answers from the results.
 */
export function composeTurn(conversation: Conversation, seed: string): Turn {
  const start = conversation.messages.findLastIndex(isQuestion);
  const question = conversation.messages[start]?.text ?? '';
  const since = conversation.messages.slice(start + 1);
  const tool = nextTool(conversation, question, since);
  if (tool) {
    const toolCalls = planCalls(tool, question).map((input, index) => ({
      id: `${seed}${index}`,
      name: tool.name,
      input,
    }));
    return { text: announce(toolCalls, question), toolCalls, quotes: [] };
  }
  const quotes = quoteDocuments(conversation.messages[start]?.documents ?? [], question);
  if (quotes.length > 0) {
    return { text: [...quotes.map(({ text }) => text), DISCLAIMER].join(' '), toolCalls: [], quotes };
  }
  const earlier = conversation.messages.slice(0, Math.max(start, 0));
  const text = recall(question, earlier) ?? answer(question, since);
  return { text: `${text} ${DISCLAIMER}`, toolCalls: [], quotes: [] };
}

function isQuestion(message: Message): boolean {
  return message.role === 'user' && message.toolResults.length === 0;
}

function nextTool({ tools, forceTool }: Conversation, question: string, since: readonly Message[]): Tool | undefined {
  const called = new Set(since.flatMap((message) => message.toolCalls.map((call) => call.name)));
  const forced = called.size === 0 && forceTool !== false;
  const named = forced ? tools.find((tool) => tool.name === forceTool) : undefined;
  return (
    named ?? relevantTools(tools, question).find((tool) => !called.has(tool.name)) ?? (forced ? tools[0] : undefined)
  );
}

function announce(calls: readonly ToolCall[], question: string): string {
  const places = findPlaces(question);
  const about = places.length > 0 ? ` for ${places.join(' and ')}` : '';
  return `I will call ${calls[0]?.name}${about}.`;
}

function answer(question: string, since: readonly Message[]): string {
  const calls = since.flatMap((message) => message.toolCalls);
  const results = since.flatMap((message) => message.toolResults);
  if (results.length === 0) return chat(question);
  const sentences = results.map((result) => {
    const input = calls.find(({ id }) => id === result.id)?.input ?? {};
    const subject = Object.values(input).find((value) => typeof value === 'string') ?? 'Result';
    return `${subject}: ${result.failed ? `the tool failed (${result.text})` : readable(result.text)}.`;
  });
  return `Here is what I found. ${sentences.join(' ')}`;
}

/** Answers a question about the conversation itself; undefined for other questions. */
function recall(question: string, earlier: readonly Message[]): string | undefined {
  if (!/\bmy first question\b/i.test(question)) return undefined;
  const first = earlier.find(isQuestion);
  return first ? `Your first question was: "${first.text}"` : 'This is your first question.';
}

/** Returns `{"temperature":21}` as `temperature 21`, and any other text unchanged. */
export function readable(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return text;
    return Object.entries(value)
      .map(([name, member]) => `${name} ${typeof member === 'string' ? member : JSON.stringify(member)}`)
      .join(', ');
  } catch {
    return text;
  }
}

const SUM = /(-?\d+(?:\.\d+)?)\s*([-+*/x])\s*(-?\d+(?:\.\d+)?)/;

/** Returns the result of the first sum in a text; undefined if there is none. */
export function solveSum(text: string): number | undefined {
  const [sum, a, operator, b] = SUM.exec(text) ?? [];
  return sum === undefined ? undefined : calculate(Number(a), operator, Number(b));
}

/** The questions with a fitting answer. The answer to any other question quotes it. */
const ANSWERS: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/capital of (\p{L}+)/iu, ([, country = '']) => capitalOf(country)],
  [SUM, ([, a, operator, b]) => `${a} ${operator} ${b} is ${calculate(Number(a), operator, Number(b))}.`],
  [/^\s*(hi|hello|hey|good (morning|afternoon|evening))\b/i, () => 'Hello! How can I help you today?'],
];

const CAPITALS: Readonly<Record<string, string>> = {
  australia: 'Canberra',
  brazil: 'Brasília',
  canada: 'Ottawa',
  france: 'Paris',
  germany: 'Berlin',
  india: 'New Delhi',
  italy: 'Rome',
  japan: 'Tokyo',
  kenya: 'Nairobi',
  spain: 'Madrid',
};

function chat(question: string): string {
  for (const [pattern, respond] of ANSWERS) {
    const match = pattern.exec(question);
    const text = match ? respond(match) : '';
    if (text) return text;
  }
  const quoted = question.replaceAll(/\s+/g, ' ').trim();
  const short = quoted.length > 120 ? `${quoted.slice(0, 119)}…` : quoted;
  return `You said: "${short}". A model would answer here; the simulator only repeats the question and counts its tokens.`;
}

function capitalOf(country: string): string {
  const capital = CAPITALS[country.toLowerCase()];
  return capital ? `The capital of ${country} is ${capital}.` : '';
}

export function calculate(a: number, operator: string | undefined, b: number): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '/' ? a / b : a * b;
}
