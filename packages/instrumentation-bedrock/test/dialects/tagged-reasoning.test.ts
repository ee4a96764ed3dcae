/** Reasoning between tags in the text of an answer. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import type { Dialect } from '../../src/dialects/dialect.js';
import { llama } from '../../src/dialects/llama.js';
import { openAiChat } from '../../src/dialects/openai-chat.js';
import { openAiCompletions } from '../../src/dialects/openai-completions.js';

/** Text of an answer, its reasoning, the rest. */
const ANSWERS: readonly [string, string | undefined, string | undefined][] = [
  ['<think>A small port.</think>\n\nBergen', 'A small port.', 'Bergen'],
  ['\n<think>\nA small port.\n</think>Bergen', 'A small port.', 'Bergen'],
  ['<think>One.</think>\n<think>Two.</think>\nBergen', 'One.|Two.', 'Bergen'],
  ['<reasoning>A small port.</reasoning>Bergen', 'A small port.', 'Bergen'],
  ['[THINK]A small port.[/THINK]Bergen', 'A small port.', 'Bergen'],
  ['<think>A small port, and', 'A small port, and', undefined],
  ['<think>\n\n</think>\n\nBergen', undefined, 'Bergen'],
  ['A small port.\n</think>\n\nBergen', 'A small port.', 'Bergen'],
  ['A small port.</think>Bergen', 'A small port.', 'Bergen'],
  ['So it is 42</think>\n\n42', 'So it is 42', '42'],
  ['A small port</think>Bergen', 'A small port', 'Bergen'],
  ['A small port.\n</think>', 'A small port.', undefined],
  ['</think>\nBergen', undefined, 'Bergen'],
  ...[
    'Bergen',
    'R1 starts with <think>and goes on.</think> Then it answers.',
    'R1 ends its reasoning with </think> and then answers.',
    'R1 ends its reasoning with `</think>`.',
    'The tags are <think> and </think>\nBoth are needed.',
    '1. <think>\n2. </think>\nThose are the tags.',
    '<thinker>Rodin</thinker>',
    '</think>, the tag',
    'It ends with `text</think>`, or with "text</think>".',
    'Once.\n</think>\nTwice.\n</think>\nThrice.',
    ' Bergen\n',
  ].map((text): [string, undefined, string] => [text, undefined, text]),
];

const DIALECTS: readonly [Dialect, (text: string, isLast: boolean) => JsonObject, (text: string) => JsonObject][] = [
  [
    openAiChat,
    (content, isLast) => ({ choices: [{ index: 0, delta: { content }, finish_reason: isLast ? 'stop' : null }] }),
    (content) => ({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] }),
  ],
  [
    openAiCompletions,
    (text, isLast) => ({ choices: [{ index: 0, text, finish_reason: isLast ? 'stop' : null }] }),
    (text) => ({ choices: [{ index: 0, text, finish_reason: 'stop' }] }),
  ],
  [
    llama,
    (generation, isLast) => ({ generation, stop_reason: isLast ? 'stop' : null }),
    (generation) => ({ generation, stop_reason: 'stop' }),
  ],
];

describe('reasoning between tags', () => {
  for (const [dialect, chunk, whole] of DIALECTS) {
    for (const [text, reasoning, rest] of ANSWERS) {
      const what = reasoning === undefined ? 'no reasoning' : 'reasoning';
      it(`${dialect.name} reads ${what} in ${JSON.stringify(text)}, with a stream and without`, () => {
        const expected = { reasoning, rest };
        expect(split(dialect, whole(text))).to.deep.equal(expected);
        const fold = dialect.createFold({ content: true });
        // Every tag is cut into pieces.
        const letters = [...text];
        for (const [index, letter] of letters.entries()) fold.add(chunk(letter, index === letters.length - 1));
        expect(split(dialect, fold.body() ?? {})).to.deep.equal(expected);
      });
    }
  }

  it('is read in each choice', () => {
    const choices = ['<think>A</think>B', 'C'].map((content, index) => ({ index, message: { content } }));
    expect(openAiChat.readOutput({ choices }).map(({ parts }) => parts.map(({ type }) => type))).to.deep.equal([
      ['reasoning', 'text'],
      ['text'],
    ]);
  });

  it("is read in the application's history of answers, but not in its questions", () => {
    const content = '<think>A</think>B';
    const { messages } = openAiChat.readInput({
      messages: ['user', 'assistant', 'tool'].map((role) => ({ role, content })),
    });
    expect(messages.map(({ parts }) => parts.map(({ type }) => type))).to.deep.equal([
      ['text'],
      ['reasoning', 'text'],
      ['tool_call_response'],
    ]);
  });

  it('stays text if the answer has its reasoning in a member of its own', () => {
    const message = { role: 'assistant', reasoning_content: 'A', content: '<think>B</think>C' };
    expect(openAiChat.readOutput({ choices: [{ message }] })[0]?.parts).to.deep.equal([
      { type: 'reasoning', content: 'A' },
      { type: 'text', content: '<think>B</think>C' },
    ]);
  });

  it('takes time in proportion to the text, also without an end', () => {
    const text = 'A small port.\n'.repeat(100_000);
    for (const answer of [`<think>${text}`, `${text}</think> and ${text}`, `[THINK]${text}`]) {
      expect(openAiChat.readOutput({ choices: [{ message: { content: answer } }] })).to.have.lengthOf(1);
    }
  });
});

function split(dialect: Dialect, body: JsonObject): { reasoning: string | undefined; rest: string | undefined } {
  const parts = dialect.readOutput(body)[0]?.parts ?? [];
  const texts = (type: string): string | undefined =>
    parts.flatMap((part) => (part.type === type ? [String((part as JsonObject)['content'])] : [])).join('|') ||
    undefined;
  return { reasoning: texts('reasoning'), rest: texts('text') };
}
