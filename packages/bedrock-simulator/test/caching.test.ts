import { ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { at } from './dialect-cases.js';
import { client, closeAll, invoke, invokeStream, simulator, userMessage } from './support.js';

describe('prompt caching', () => {
  afterEach(closeAll);
  const LONG = 'word '.repeat(50).trim();

  it('writes a prefix on the first Converse call and reads it on the next', async () => {
    const bedrock = client((await simulator()).url);
    const usage = async (text: string) => {
      const system = [{ text: LONG }, { cachePoint: { type: 'default' as const } }];
      return (await bedrock.send(new ConverseCommand({ modelId: 'm', system, messages: [userMessage(text)] }))).usage;
    };
    expect(await usage('one two')).to.deep.include({
      inputTokens: 2,
      cacheReadInputTokens: 0,
      cacheWriteInputTokens: 50,
    });
    const second = await usage('three');
    expect(second).to.deep.include({ inputTokens: 1, cacheReadInputTokens: 50, cacheWriteInputTokens: 0 });
    expect(second?.totalTokens).to.equal(51 + (second?.outputTokens ?? 0));
  });

  it('writes only the part that a later cache point adds to a known prefix', async () => {
    const bedrock = client((await simulator()).url);
    const cachePoint = { cachePoint: { type: 'default' as const } };
    const system = [{ text: LONG }, cachePoint];
    await bedrock.send(new ConverseCommand({ modelId: 'm', system, messages: [userMessage('one')] }));
    const content = [{ text: 'one two three' }, cachePoint, { text: 'four' }];
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', system, messages: [{ role: 'user', content }] }),
    );
    expect(output.usage).to.deep.include({ inputTokens: 1, cacheReadInputTokens: 50, cacheWriteInputTokens: 3 });
  });

  it('reports its tokens under the names of Anthropic Messages', async () => {
    const bedrock = client((await simulator()).url);
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: 'one' }],
    };
    const modelId = 'anthropic.claude-3-7-sonnet-20250219-v1:0';
    const first = await invoke(bedrock, modelId, body);
    const chunks = await invokeStream(bedrock, modelId, body);
    expect(first['usage']).to.include({ input_tokens: 1, cache_creation_input_tokens: 50, cache_read_input_tokens: 0 });
    expect(at(chunks[0], 'message', 'usage')).to.include({
      input_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 50,
      output_tokens: 1,
    });
    expect(at(chunks.at(-1), 'amazon-bedrock-invocationMetrics')).to.include({
      cacheReadInputTokenCount: 50,
      cacheWriteInputTokenCount: 0,
    });
  });

  it('reports its tokens under the names of Nova, for a cache point inside a text block', async () => {
    const bedrock = client((await simulator()).url);
    const body = {
      messages: [{ role: 'user', content: [{ text: LONG, cachePoint: { type: 'default' } }, { text: 'one' }] }],
    };
    await invoke(bedrock, 'amazon.nova-lite-v1:0', body);
    const second = await invoke(bedrock, 'amazon.nova-lite-v1:0', body);
    expect(second['usage']).to.include({ inputTokens: 1, cacheReadInputTokenCount: 50, cacheWriteInputTokenCount: 0 });
  });
});
