/** Finished spans that wait to be sent hold their content once, although they have it in two forms. */

import { fileURLToPath } from 'node:url';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { runProgram } from './support/programs.js';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const USAGE = { inputTokens: 1, outputTokens: 2, totalTokens: 3 };
const ANSWER: SimulatedResponse = {
  body: {
    output: { message: { role: 'assistant', content: [{ text: 'A ship.' }] } },
    stopReason: 'end_turn',
    usage: USAGE,
  },
};
const STREAM: SimulatedResponse = {
  events: [
    { type: 'messageStart', payload: { role: 'assistant' } },
    ...Array.from({ length: 100 }, () => {
      return { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: 'Some words. ' } } };
    }),
    { type: 'messageStop', payload: { stopReason: 'end_turn' } },
    { type: 'metadata', payload: { usage: USAGE, metrics: { latencyMs: 1 } } },
  ],
};

const SCENARIOS = [
  'Converse, an image',
  'Converse, a history',
  'ConverseStream, a history',
  'InvokeModel, an image',
  'InvokeModel, a data URL',
  'InvokeModel, an image in a body that is shown as text',
  'InvokeModel, a history',
];
const CALLS = 5;

describe('a span that waits', function () {
  this.timeout(60_000);
  let simulator: Simulator;
  before(async () => {
    const respond = ({ operation }: { readonly operation: string | undefined }): SimulatedResponse =>
      operation === 'ConverseStream' ? STREAM : ANSWER;
    simulator = await startSimulator({ respond });
  });
  after(() => simulator.close());

  it('holds little more than its content once', async () => {
    const flags = ['--expose-gc', '--no-flush-bytecode', '--max-old-space-size=384'];
    const args = [...flags, 'test/programs/waiting.mjs', String(CALLS), ...SCENARIOS];
    const { answers } = await runProgram(args, HERE, simulator.url, 60_000);
    const held = answers as { scenario: string; spans: number; ratio: number }[];
    expect(held.map(({ scenario, spans }) => [scenario, spans])).to.deep.equal(SCENARIOS.map((each) => [each, CALLS]));
    // The SDK keeps what belongs to the latest call, and the events of chunks are objects. Twice the content would be 2.
    for (const { scenario, ratio } of held) expect(ratio, scenario).to.be.within(0.7, 1.5);
  });
});
