/** Finished spans that wait to be sent hold their content once, although they have it in two forms. */

import { fileURLToPath } from 'node:url';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { runProgram } from '../support/programs.js';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
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

let turns = 0;
/** A turn of an agent with model calls, each with a prompt of its own. */
function agentTurn(): SimulatedResponse {
  const turn = `00000000-0000-4000-8000-${String(turns++).padStart(12, '0')}`;
  const callerChain = [{ agentAliasArn: 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/AGENT12345/ALIAS12345' }];
  const event = (orchestrationTrace: object) => ({
    type: 'trace',
    payload: { agentId: 'AGENT12345', callerChain, eventTime: new Date(), trace: { orchestrationTrace } },
  });
  const events = Array.from({ length: 4 }, (_, call) => {
    const traceId = `${turn}-${call}`;
    const question = `Line ${call} of turn ${turn}, which is "long".\n`.repeat(800);
    const prompt = { system: 'Be brief.', messages: [{ role: 'user', content: question }] };
    const now = new Date();
    const metadata = { startTime: now, endTime: now, usage: { inputTokens: 1, outputTokens: 2 } };
    return [
      event({ modelInvocationInput: { traceId, type: 'ORCHESTRATION', text: JSON.stringify(prompt) } }),
      event({ modelInvocationOutput: { traceId, rawResponse: { content: 'Some words. ' }, metadata } }),
    ];
  }).flat();
  return { events: [...events, { type: 'chunk', payload: { bytes: Buffer.from('Done.').toString('base64') } }] };
}

const SCENARIOS = [
  'Converse, an image',
  'Converse, a history',
  'ConverseStream, a history',
  'InvokeModel, an image',
  'InvokeModel, a data URL',
  'InvokeModel, an image in a body that is shown as text',
  'InvokeModel, a history',
  'InvokeAgent, a trace',
];
const CALLS = 5;

describe('a span that waits', function () {
  this.timeout(60_000);
  let simulator: Simulator;
  before(async () => {
    const respond = ({ operation }: { readonly operation: string | undefined }): SimulatedResponse => {
      if (operation === 'InvokeAgent') return agentTurn();
      return operation === 'ConverseStream' ? STREAM : ANSWER;
    };
    simulator = await startSimulator({ respond });
  });
  after(() => simulator.close());

  it('holds little more than its content once', async () => {
    const flags = ['--expose-gc', '--no-flush-bytecode', '--max-old-space-size=384'];
    const args = [...flags, 'test/programs/waiting.mjs', String(CALLS), ...SCENARIOS];
    const { answers } = await runProgram(args, HERE, simulator.url, 60_000);
    const held = answers as { scenario: string; spans: number; ratio: number }[];
    const spansOf = (scenario: string): number => (scenario.startsWith('InvokeAgent') ? CALLS * 5 : CALLS);
    const expected = SCENARIOS.map((scenario) => [scenario, spansOf(scenario)]);
    expect(held.map(({ scenario, spans }) => [scenario, spans])).to.deep.equal(expected);
    // The SDK keeps what belongs to the latest call, and the events of chunks are objects. Twice the content would be 2.
    for (const { scenario, ratio } of held) expect(ratio, scenario).to.be.within(0.7, 1.75);
  });
});
