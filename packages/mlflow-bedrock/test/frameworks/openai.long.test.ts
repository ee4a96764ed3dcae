/** OpenAI's SDK on Bedrock with a newer Node.js, where module hooks run in the thread of the application. */

import { expect } from 'chai';
import { newerNode } from 'testing/npm.js';
import { expectOneCall, openAiEnvironment } from '../support/openai.js';
import { IMPORT, REQUIRE, usePrograms } from '../support/programs.js';

describe("OpenAI's SDK on Node.js 24", () => {
  const programs = usePrograms();
  let runtime: string;
  before(async function () {
    this.timeout(300_000);
    runtime = await newerNode();
  });

  for (const [start, program, calls] of [
    [IMPORT, 'openai.mjs', 2],
    [REQUIRE, 'openai.cjs', 1],
  ] as const) {
    it(`is traced in ${program}`, async () => {
      const env = openAiEnvironment(programs);
      const { stderr, traces } = await programs.run([...start, program], { env, runtime });
      expect(stderr).to.equal('');
      expect(traces).to.have.lengthOf(calls);
      for (const trace of traces) expectOneCall(trace);
    });
  }
});
