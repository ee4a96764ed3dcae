import { expect } from 'chai';
import { newerNode } from 'testing/npm.js';
import { NO_AWS_SETTINGS, runExampleScript, withScenario } from './run-example.js';

describe('errors of the framework examples', function () {
  this.timeout(120_000);

  for (const example of ['frameworks/anthropic', 'frameworks/vercel-ai-6'] as const) {
    it(`name the missing permission in ${example}, which does not send through the AWS SDK`, async () => {
      const { code, output, traces } = await withScenario('access-denied', [example]);
      expect(code).to.equal(1);
      expect(output).to.match(/^AWS denies the use of this model: .*\(AccessDeniedException: /m);
      expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
      const missing = await runExampleScript([example, '--aws'], NO_AWS_SETTINGS);
      expect(missing.output).to.match(/^(No AWS credentials were found:|The AI SDK reads AWS credentials only from) /m);
      expect(missing.output).to.not.contain('    at ');
    });
  }

  for (const example of ['frameworks/langchain', 'frameworks/strands'] as const) {
    it(`name the missing permission in ${example}, which wraps the errors of the AWS SDK`, async () => {
      const { code, output, traces } = await withScenario('access-denied', [example], {}, await nodeFor(example));
      expect(code).to.equal(1);
      expect(output).to.match(/^AWS denies the use of this model: .*have access to the model with/m);
      expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
    });
  }
});

/** Strands needs Node.js 22. */
async function nodeFor(example: string): Promise<string | undefined> {
  return example === 'frameworks/strands' ? newerNode() : undefined;
}
