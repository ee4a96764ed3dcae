/** Streams of completions, Cohere, Mistral and others with rare chunks. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { anthropicText } from '../../src/dialects/anthropic-text.js';
import { cohereCommand } from '../../src/dialects/cohere-command.js';
import { cohereCommandR } from '../../src/dialects/cohere-command-r.js';
import { llama } from '../../src/dialects/llama.js';
import { mistralText } from '../../src/dialects/mistral-text.js';
import { openAiCompletions } from '../../src/dialects/openai-completions.js';
import { titanText } from '../../src/dialects/titan-text.js';
import { twelveLabsPegasus } from '../../src/dialects/twelvelabs-pegasus.js';
import { fold, output } from '../support/folds.js';

const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 2 } };

describe('stream folds', () => {
  it('OpenAI completions keep id and model if the last chunk has only metrics', () => {
    const body = fold(openAiCompletions, [
      { id: 'cmpl-1', model: 'imported', choices: [{ index: 0, text: 'Paris', finish_reason: 'stop' }] },
      METRICS,
    ]);
    expect(openAiCompletions.readResponse(body!)).to.deep.include({ id: 'cmpl-1', model: 'imported' });
  });

  it('OpenAI completions keep members beside the text of a choice', () => {
    const logprobs = (token: string): JsonObject => ({ tokens: [token], token_logprobs: [-0.1] });
    const body = fold(openAiCompletions, [
      { choices: [{ index: 0, text: 'Par', logprobs: logprobs('Par') }] },
      { choices: [{ index: 0, text: 'is', logprobs: logprobs('is'), finish_reason: 'stop' }] },
    ]);
    expect(body).to.have.deep.property('choices', [
      { text: 'Paris', logprobs: { tokens: ['Par', 'is'], token_logprobs: [-0.1, -0.1] }, finish_reason: 'stop' },
    ]);
  });

  for (const [dialect, text] of [
    [anthropicText, 'completion'],
    [cohereCommand, 'text'],
    [llama, 'generation'],
    [titanText, 'outputText'],
    [twelveLabsPegasus, 'message'],
  ] as const) {
    it(`${dialect.name} keeps members that it does not know`, () => {
      const chunks = [
        { [text]: 'Ber', sources: [1], results: null },
        { [text]: 'gen', sources: [1, 2], ...METRICS },
      ];
      const body = fold(dialect, chunks);
      expect(body).to.have.deep.property('sources', [1, 2]);
      expect(body).to.deep.equal({ sources: [1, 2], ...fold(dialect, [{ [text]: 'Bergen' }]) });
      expect(fold(dialect, chunks, { content: false })).not.to.have.property('sources');
    });
  }

  it('Mistral keeps members beside a text that it does not know', () => {
    const chunks = [{ outputs: [{ text: 'Ber', logprobs: [1] }] }, { outputs: [{ text: 'gen', logprobs: [2] }] }];
    expect(fold(mistralText, chunks)).to.deep.equal({
      outputs: [{ text: 'Bergen', logprobs: [1, 2], stop_reason: null }],
    });
  });

  describe('Cohere Command', () => {
    it('is recognised by its chunks', () => {
      expect(cohereCommand.matchesResponse({ index: 0, is_finished: false, text: 'Par' })).to.equal(true);
    });

    it('keeps the finish reason of each generation', () => {
      const body = fold(cohereCommand, [
        { index: 0, is_finished: false, text: 'Paris' },
        { index: 1, is_finished: false, text: 'It is' },
        { index: 0, is_finished: true, finish_reason: 'COMPLETE' },
        { index: 1, is_finished: true, finish_reason: 'MAX_TOKENS' },
      ]);
      expect(cohereCommand.readResponse(body!).finishReasons).to.deep.equal(['COMPLETE', 'MAX_TOKENS']);
      expect(cohereCommand.readOutput(body!).map((answer) => answer.finish_reason)).to.deep.equal(['stop', 'length']);
    });

    it('keeps the finish reason of an answer without text', () => {
      const body = fold(cohereCommand, [{ is_finished: true, finish_reason: 'ERROR_TOXIC' }]);
      expect(cohereCommand.readResponse(body!).finishReasons).to.deep.equal(['ERROR_TOXIC']);
    });
  });

  it('Command R keeps tool calls of a stream that breaks off between their pieces', () => {
    const piece = (index: number, members: JsonObject): JsonObject => ({
      event_type: 'tool-calls-chunk',
      tool_call_delta: { index, ...members },
    });
    const chunks = [
      { event_type: 'stream-start', generation_id: 'g' },
      { event_type: 'tool-calls-chunk', text: 'I look ' },
      { event_type: 'tool-calls-chunk', text: 'it up.' },
      piece(0, { name: 'tide' }),
      piece(0, { parameters: '{"port":' }),
      piece(0, { parameters: '"Bergen"}' }),
      piece(1, { name: 'wind' }),
    ];
    expect(cohereCommandR.readOutput(fold(cohereCommandR, chunks) ?? {})[0]?.parts).to.deep.equal([
      { type: 'text', content: 'I look it up.' },
      { type: 'tool_call', name: 'tide', arguments: { port: 'Bergen' } },
      { type: 'tool_call', name: 'wind', arguments: {} },
    ]);
    const whole = [{ name: 'tide', parameters: { port: 'Oslo' } }];
    const last = { event_type: 'tool-calls-generation', tool_calls: whole };
    expect(fold(cohereCommandR, [...chunks, last])).to.have.deep.property('tool_calls', whole);
  });

  it('Command R keeps citations and searches of a stream that breaks off', () => {
    expect(
      fold(cohereCommandR, [
        { event_type: 'stream-start', generation_id: 'g', is_finished: false },
        { event_type: 'search-queries-generation', search_queries: [{ text: 'capital' }] },
        { event_type: 'text-generation', text: 'Paris' },
        { event_type: 'citation-generation', citations: [{ start: 0, end: 3, text: 'Par' }] },
        { event_type: 'citation-generation', citations: [{ start: 3, end: 5, text: 'is' }] },
      ]),
    ).to.deep.equal({
      generation_id: 'g',
      search_queries: [{ text: 'capital' }],
      text: 'Paris',
      tool_calls: undefined,
      citations: [
        { start: 0, end: 3, text: 'Par' },
        { start: 3, end: 5, text: 'is' },
      ],
    });
  });

  it('Command R keeps its text if the closing event repeats nothing', () => {
    expect(
      output(cohereCommandR, [
        { event_type: 'text-generation', text: 'Par' },
        { event_type: 'text-generation', text: 'is' },
        { event_type: 'stream-end', finish_reason: 'COMPLETE' },
      ]),
    ).to.deep.equal([{ role: 'assistant', parts: [{ type: 'text', content: 'Paris' }], finish_reason: 'stop' }]);
  });
});
