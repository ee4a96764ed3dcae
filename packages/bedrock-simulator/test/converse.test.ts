import {
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  type Message,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { ANSWER, INPUT_TOKENS, OUTPUT_TOKENS, QUESTION } from './dialect-cases.js';
import { client, closeAll, collect, HTTP_VERSIONS, simulator, streamText, userMessage } from './support.js';

describe('Converse', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`returns the same text and usage as ConverseStream over HTTP/${version}`, async () => {
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

  it('stops at the token limit', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage(QUESTION)], inferenceConfig: { maxTokens: 3 } }),
    );
    expect(output.stopReason).to.equal('max_tokens');
    expect(output.usage?.outputTokens).to.equal(3);
  });

  it('quotes a question that has no scripted answer', async () => {
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

  it('remembers the first question of a conversation', async () => {
    const bedrock = client((await simulator()).url);
    const question = userMessage('What was my first question?');
    const ask = async (earlier: Message[]) => {
      const { output } = await bedrock.send(new ConverseCommand({ modelId: 'm', messages: [...earlier, question] }));
      return output?.message?.content?.[0]?.text;
    };
    const greeting: Message[] = [userMessage('Hi'), { role: 'assistant', content: [{ text: 'Hello!' }] }];
    expect(await ask(greeting)).to.match(/^Your first question was: "Hi" \(Scripted/);
    expect(await ask([])).to.match(/^This is your first question\. /);
  });

  describe('with documents to cite', () => {
    const policy = 'Employees get 20 days of annual leave. Consult your manager for details.';
    const document = (citations: boolean): ContentBlock => ({
      document: { name: 'policy', format: 'txt', source: { text: policy }, citations: { enabled: citations } },
    });
    const request = (blocks: ContentBlock[]) => ({
      modelId: 'm',
      messages: [
        { role: 'user' as const, content: [...blocks, { text: 'Whom should employees consult for details?' }] },
      ],
    });
    const quote = 'Consult your manager for details.';
    const citation = {
      title: 'policy',
      sourceContent: [{ text: quote }],
      location: { documentChar: { documentIndex: 0, start: 39, end: 72 } },
    };

    it('quotes the matching sentence with its location', async () => {
      const bedrock = client((await simulator()).url);
      const { output } = await bedrock.send(new ConverseCommand(request([document(true)])));
      expect(output?.message?.content?.[0]).to.deep.equal({
        citationsContent: { content: [{ text: quote }], citations: [citation] },
      });
      expect(policy.slice(39, 72)).to.equal(quote);
    });

    it('streams the same quotes', async () => {
      const bedrock = client((await simulator()).url);
      const events = await collect((await bedrock.send(new ConverseStreamCommand(request([document(true)])))).stream);
      const first = events.filter(({ contentBlockDelta }) => contentBlockDelta?.contentBlockIndex === 0);
      expect(streamText(first)).to.equal(quote);
      expect(first.at(-1)?.contentBlockDelta?.delta?.citation).to.deep.equal(citation);
      expect(streamText(events)).to.match(/details\.\(Scripted/);
    });

    it('cites nothing if citations are disabled or no word matches', async () => {
      const bedrock = client((await simulator()).url);
      const off = await bedrock.send(new ConverseCommand(request([document(false)])));
      expect(off.output?.message?.content?.[0]?.text).to.match(/^You said/);
      const other = { ...request([document(true)]) };
      other.messages[0]?.content.splice(1, 1, { text: 'Hello?' });
      const { output } = await bedrock.send(new ConverseCommand(other));
      expect(output?.message?.content?.[0]?.text).to.match(/^Hello!/);
    });
  });
});
