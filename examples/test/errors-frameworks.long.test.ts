import { expect } from 'chai';
import { newerNode } from 'testing/npm.js';
import { NO_AWS_SETTINGS, runExample, withScenario } from './run-example.js';

describe('errors of the framework examples', function () {
  this.timeout(120_000);

  it('name the missing permission in frameworks/anthropic, which does not send through the AWS SDK', async () => {
    const { code, output, traces } = await withScenario('access-denied', ['frameworks/anthropic']);
    expect(code).to.equal(1);
    expect(output).to.match(/^AWS denies the use of this model: .*\(AccessDeniedException: /m);
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
  });

  it('explain where to get credentials in frameworks/vercel-ai-6, which reads only the environment', async () => {
    const keys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const { code, output } = await runExample(['frameworks/vercel-ai-6'], { ...NO_AWS_SETTINGS, ...keys });
    expect(code).to.equal(1);
    expect(output).to.match(/^The AI SDK reads AWS credentials only from the environment: /m);
    expect(output).to.not.contain('    at ');
  });

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
