/** The largest calls that the service accepts, in a small heap, while finished spans wait. */

import { fileURLToPath } from 'node:url';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { runProgram } from '../support/programs.js';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const SCENARIO = 'Converse, 20 images and a long history';
const CALLS = 20;

describe('a heap of 384 MB', function () {
  this.timeout(300_000);
  let simulator: Simulator;
  before(async () => {
    const message = { role: 'assistant', content: [{ text: 'A ship.' }] };
    simulator = await startSimulator({ respond: () => ({ body: { output: { message }, stopReason: 'end_turn' } }) });
  });
  after(() => simulator.close());

  it(`holds ${CALLS} waiting spans of calls with 20 images of 1 MiB and a history of 5 MB`, async () => {
    const flags = ['--expose-gc', '--no-flush-bytecode', '--max-old-space-size=384'];
    const args = [...flags, 'test/programs/waiting.mjs', String(CALLS), SCENARIO];
    const { answers } = await runProgram(args, HERE, simulator.url, 300_000);
    const [held] = answers as { spans: number; ratio: number }[];
    expect(held?.spans).to.equal(CALLS);
    // Both forms together have at most 25 MiB, so each has less than half of the content.
    expect(held?.ratio).to.be.within(0.2, 0.5);
  });
});
