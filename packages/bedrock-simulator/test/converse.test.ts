import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { ANSWER, INPUT_TOKENS, OUTPUT_TOKENS, QUESTION } from './dialect-cases.js';
import { client, closeAll, collect, HTTP_VERSIONS, simulator, streamText, userMessage } from './support.js';

describe('Converse', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`answers Converse and ConverseStream with the same text and usage over HTTP/${version}`, async () => {
      const { url, requests } = await simulator();
      const bedrock = client(url, version);
      const request = { modelId: 'any.model-v1:0', messages: [userMessage(QUESTION)] };
      const whole = await bedrock.send(new ConverseCommand(request));
      const events = await collect((await bedrock.send(new ConverseStreamCommand(request))).stream);
      expect(whole.output?.message?.content).to.deep.equal([{ text: ANSWER }]);
      expect(whole.stopReason).to.equal('end_turn');
      expect(whole.usage).to.deep.equal({
        inputTokens: INPUT_TOKENS,
        outputTokens: OUTPUT_TOKENS,
        totalTokens: INPUT_TOKENS + OUTPUT_TOKENS,
      });
      expect(streamText(events)).to.equal(ANSWER);
      expect(events.at(-2)?.messageStop?.stopReason).to.equal('end_turn');
      expect(events.at(-1)?.metadata?.usage).to.deep.equal(whole.usage);
      expect(requests.map(({ operation, httpVersion }) => [operation, httpVersion])).to.deep.equal([
        ['Converse', version],
        ['ConverseStream', version],
      ]);
    });
  }

  it('stops Converse at the token limit', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage(QUESTION)], inferenceConfig: { maxTokens: 3 } }),
    );
    expect(output.stopReason).to.equal('max_tokens');
    expect(output.usage?.outputTokens).to.equal(3);
  });

  it('quotes a question it has no answer for', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage('Why is the sky blue?')] }),
    );
    expect(output.output?.message?.content?.[0]?.text).to.match(/^You said: "Why is the sky blue\?"\./);
  });

  it('counts more tokens for a longer request', async () => {
    const bedrock = client((await simulator()).url);
    const ask = async (text: string) =>
      (await bedrock.send(new ConverseCommand({ modelId: 'm', messages: [userMessage(text)] }))).usage?.inputTokens;
    expect(await ask('one two three')).to.equal(3);
    expect(await ask('one two three four')).to.equal(4);
  });
});
