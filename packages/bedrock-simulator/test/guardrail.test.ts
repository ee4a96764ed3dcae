import {
  ApplyGuardrailCommand,
  type ApplyGuardrailCommandInput,
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  type GuardrailTrace,
  InvokeGuardrailChecksCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { client, closeAll, collect, simulator, streamText } from './support.js';

describe('InvokeGuardrailChecks', () => {
  afterEach(closeAll);

  it('runs the checks that the request names, and finds the word "forbidden"', async () => {
    const bedrock = client((await simulator()).url);
    const messages = ['Hello', 'A forbidden word'].map((text) => ({ role: 'user' as const, content: [{ text }] }));
    const checks = {
      promptAttack: { categories: [{ category: 'JAILBREAK' as const }] },
      sensitiveInformation: { entities: [{ type: 'ADDRESS' as const }] },
    };
    const { results, usage } = await bedrock.send(new InvokeGuardrailChecksCommand({ messages, checks }));
    expect(results).to.deep.equal({
      promptAttack: { results: [{ category: 'JAILBREAK', severityScore: 0.9 }] },
      sensitiveInformation: {
        results: [
          { type: 'ADDRESS', confidenceScore: 0.8, beginOffset: 2, endOffset: 11, messageIndex: 1, contentIndex: 0 },
        ],
        truncated: false,
      },
    });
    expect(usage).to.deep.equal({ promptAttack: { textUnits: 1 }, sensitiveInformation: { textUnits: 1 } });
  });

  it('reports no severity for harmless texts', async () => {
    const bedrock = client((await simulator()).url);
    const { results } = await bedrock.send(
      new InvokeGuardrailChecksCommand({
        messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
        checks: { contentFilter: { categories: [{ category: 'HATE' }] } },
      }),
    );
    expect(results).to.deep.equal({ contentFilter: { results: [{ category: 'HATE', severityScore: 0 }] } });
  });
});

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

  it('returns the assessment of a harmless text if the request asks for the full scope', async () => {
    const { assessments } = await apply('Hello', { outputScope: 'FULL', guardrailVersion: 'DRAFT' });
    expect(assessments?.[0]?.wordPolicy?.customWords).to.deep.equal([]);
    expect(assessments?.[0]?.appliedGuardrailDetails).to.deep.include({
      guardrailId: 'abc123',
      guardrailVersion: 'DRAFT',
      guardrailArn: 'arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123',
    });
  });

  it('intervenes at the word "forbidden" and reports the match', async () => {
    const { action, outputs, assessments } = await apply('This is Forbidden, really forbidden.');
    expect(action).to.equal('GUARDRAIL_INTERVENED');
    expect(outputs?.[0]?.text).to.match(/^Blocked by a guardrail of the local Bedrock simulator/);
    expect(assessments?.[0]?.wordPolicy?.customWords).to.deep.equal([
      { match: 'Forbidden', action: 'BLOCKED', detected: true },
      { match: 'forbidden', action: 'BLOCKED', detected: true },
    ]);
  });

  it('intervenes at a word that equals the identifier of the guardrail', async () => {
    expect((await apply('A secret')).action).to.equal('NONE');
    expect((await apply('A secret', { guardrailIdentifier: 'secret' })).action).to.equal('GUARDRAIL_INTERVENED');
  });
});

describe('a guardrail of Converse', () => {
  afterEach(closeAll);

  const NO_TOKENS = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  const MESSAGE = 'Blocked by a guardrail of the local Bedrock simulator: forbidden.';

  function request(content: ContentBlock[], trace?: GuardrailTrace) {
    const guardrailConfig = { guardrailIdentifier: 'abc123', guardrailVersion: 'DRAFT', trace };
    return { modelId: 'm', messages: [{ role: 'user' as const, content }], guardrailConfig };
  }

  it('answers instead of the model, which is not called', async () => {
    const bedrock = client((await simulator()).url);
    const input = request([{ text: 'A forbidden question' }], 'enabled');
    const { output, stopReason, usage, trace } = await bedrock.send(new ConverseCommand(input));
    expect(output?.message?.content).to.deep.equal([{ text: MESSAGE }]);
    expect(stopReason).to.equal('guardrail_intervened');
    expect(usage).to.deep.equal(NO_TOKENS);
    expect(trace?.guardrail?.actionReason).to.equal('Guardrail blocked.');
    expect(trace?.guardrail?.inputAssessment?.['abc123']?.wordPolicy?.customWords).to.deep.equal([
      { match: 'forbidden', action: 'BLOCKED', detected: true },
    ]);
  });

  it('streams the same answer', async () => {
    const bedrock = client((await simulator()).url);
    const input = request([{ text: 'A forbidden question' }], 'enabled');
    const events = await collect((await bedrock.send(new ConverseStreamCommand(input))).stream);
    expect(streamText(events)).to.equal(MESSAGE);
    expect(events.at(-2)?.messageStop?.stopReason).to.equal('guardrail_intervened');
    expect(events.at(-1)?.metadata?.usage).to.deep.equal(NO_TOKENS);
    expect(events.at(-1)?.metadata?.trace?.guardrail?.inputAssessment).to.have.property('abc123');
  });

  it('lets a harmless request pass, and returns a trace only if the request asks for it', async () => {
    const bedrock = client((await simulator()).url);
    const allowed = await bedrock.send(new ConverseCommand(request([{ text: 'Hello' }], 'enabled')));
    expect(allowed.stopReason).to.equal('end_turn');
    expect(allowed.usage?.inputTokens).to.equal(1);
    expect(allowed.trace?.guardrail?.actionReason).to.equal('No action.');
    expect(allowed.trace?.guardrail?.inputAssessment?.['abc123']).to.have.all.keys('invocationMetrics');
    expect((await bedrock.send(new ConverseCommand(request([{ text: 'Hello' }])))).trace).to.equal(undefined);
  });

  it('checks only the guarded content if the request has some', async () => {
    const bedrock = client((await simulator()).url);
    const send = async (guarded: string) =>
      bedrock.send(
        new ConverseCommand(request([{ text: 'forbidden' }, { guardContent: { text: { text: guarded } } }])),
      );
    expect((await send('Hello')).stopReason).to.equal('end_turn');
    expect((await send('forbidden')).stopReason).to.equal('guardrail_intervened');
  });
});
