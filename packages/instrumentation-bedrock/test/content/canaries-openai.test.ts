/** Marked texts in calls of OpenAI's API: none is emitted if content is off or a hook removes it. */

import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { SDKS } from '../support/openai.js';
import { callOpenAi, type Word } from '../support/openai-bodies.js';
import { IDS, WAYS, Watch } from '../support/watch.js';

describe("canaries in calls of OpenAI's API", () => {
  let simulator: Simulator;
  let answer: SimulatedResponse | undefined;
  const watch = new Watch();
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
  });
  after(() => simulator.close());
  afterEach(() => watch.stop());

  /** @returns the number of calls. */
  async function callAll(word: Word): Promise<number> {
    const { instrumentation } = watch.tracing;
    instrumentation.manuallyInstrument(SDKS[6]);
    instrumentation.setConfig({ ...instrumentation.getConfig(), openAIHosts: [new URL(simulator.url).host] });
    const client = new SDKS[6].OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'simulator', maxRetries: 0 });
    const answerWith = (next: SimulatedResponse): void => {
      answer = next;
    };
    return callOpenAi(client, answerWith, word);
  }

  for (const way of Object.keys(WAYS)) {
    if (way === 'nothing is set') continue;
    it(`are not emitted in sentences if ${way}`, async () => {
      watch.start(way);
      let count = 0;
      const calls = await callAll(() => `canary ${count++} said "hi"`);
      expect(watch.tracing.spans()).to.have.lengthOf(calls);
      await watch.expectNone();
    });
  }

  it('are not emitted in words that look like identifiers, except in the attributes of ids', async () => {
    watch.start('the option is off');
    await callAll(() => 'canary_4711');
    await watch.expectNone((attribute) => IDS.test(attribute));
  });

  it('are emitted if nothing is set', async () => {
    watch.start('nothing is set');
    await callAll(() => 'canary');
    expect(await watch.emitted()).to.match(/canary/);
  });
});
