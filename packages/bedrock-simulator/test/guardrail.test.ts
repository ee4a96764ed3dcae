import { ApplyGuardrailCommand, type ApplyGuardrailCommandInput } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { client, closeAll, simulator } from './support.js';

describe('ApplyGuardrail', () => {
  afterEach(closeAll);

  async function apply(text: string, input: Partial<ApplyGuardrailCommandInput> = {}) {
    const bedrock = client((await simulator()).url);
    const guardrail = { guardrailIdentifier: 'abc123', guardrailVersion: '1', source: 'INPUT' } as const;
    return bedrock.send(new ApplyGuardrailCommand({ ...guardrail, content: [{ text: { text } }], ...input }));
  }

  it('lets a text without a blocked word pass', async () => {
    const output = await apply('Hello');
    expect(output).to.deep.include({ action: 'NONE', outputs: [], assessments: [] });
    expect(output.usage?.wordPolicyUnits).to.equal(1);
    expect(output.guardrailCoverage?.textCharacters).to.deep.equal({ guarded: 5, total: 5 });
  });

  it('gives the assessment of a harmless text when the full one is asked for', async () => {
    const { assessments } = await apply('Hello', { outputScope: 'FULL', guardrailVersion: 'DRAFT' });
    expect(assessments?.[0]?.wordPolicy?.customWords).to.deep.equal([]);
    expect(assessments?.[0]?.appliedGuardrailDetails).to.deep.include({
      guardrailId: 'abc123',
      guardrailVersion: 'DRAFT',
      guardrailArn: 'arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123',
    });
  });

  it('intervenes at the word "forbidden", and says so', async () => {
    const { action, outputs, assessments } = await apply('This is Forbidden, really forbidden.');
    expect(action).to.equal('GUARDRAIL_INTERVENED');
    expect(outputs?.[0]?.text).to.match(/^Blocked by a guardrail of the local Bedrock simulator/);
    expect(assessments?.[0]?.wordPolicy?.customWords).to.deep.equal([
      { match: 'Forbidden', action: 'BLOCKED', detected: true },
      { match: 'forbidden', action: 'BLOCKED', detected: true },
    ]);
  });

  it('intervenes at the word that is the identifier of the guardrail', async () => {
    expect((await apply('A secret')).action).to.equal('NONE');
    expect((await apply('A secret', { guardrailIdentifier: 'secret' })).action).to.equal('GUARDRAIL_INTERVENED');
  });
});
