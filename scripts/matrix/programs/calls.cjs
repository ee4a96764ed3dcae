// Makes every kind of call that is traced. Returns the answers, with which the spans must agree.
const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0';
const TITAN = 'amazon.titan-embed-text-v2:0';
const decoder = new TextDecoder();

exports.makeCalls = async (sdk, agentSdk) => {
  const client = new sdk.BedrockRuntimeClient({ maxAttempts: 1 });
  const failing = new sdk.BedrockRuntimeClient({ maxAttempts: 1, endpoint: process.env.SMOKE_FAILING_BEDROCK });
  const agents = new agentSdk.BedrockAgentRuntimeClient({ maxAttempts: 1 });
  const calls = [
    await converse(sdk, client),
    await converseStream(sdk, client),
    await invoke(sdk, client),
    await invokeStream(sdk, client),
    await toolCall(sdk, client),
    await embedding(sdk, client),
    await error(sdk, failing),
    await agent(agentSdk, agents),
    await lookup(agentSdk, agents),
  ];
  client.destroy();
  agents.destroy();
  failing.destroy();
  return calls;
};

const messages = (text) => [{ role: 'user', content: [{ text }] }];

const fromUsage = (name, reason, { inputTokens, outputTokens }) => ({ name, reason, inputTokens, outputTokens });

async function converse({ ConverseCommand }, client) {
  const answer = await client.send(new ConverseCommand({ modelId: CLAUDE, messages: messages('Hi') }));
  return fromUsage(`chat ${CLAUDE}`, answer.stopReason, answer.usage);
}

async function converseStream({ ConverseStreamCommand }, client) {
  const { stream } = await client.send(new ConverseStreamCommand({ modelId: CLAUDE, messages: messages('Hello') }));
  let reason;
  let usage = {};
  for await (const event of stream) {
    reason = event.messageStop?.stopReason ?? reason;
    usage = event.metadata?.usage ?? usage;
  }
  return fromUsage(`chat ${CLAUDE}`, reason, usage);
}

function claudeBody() {
  return JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
  });
}

async function invoke({ InvokeModelCommand }, client) {
  const { body } = await client.send(new InvokeModelCommand({ modelId: CLAUDE, body: claudeBody() }));
  const { stop_reason: reason, usage } = JSON.parse(decoder.decode(body));
  return { name: `chat ${CLAUDE}`, reason, inputTokens: usage.input_tokens, outputTokens: usage.output_tokens };
}

async function invokeStream({ InvokeModelWithResponseStreamCommand }, client) {
  const command = new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: claudeBody() });
  const { body } = await client.send(command);
  const call = { name: `chat ${CLAUDE}` };
  for await (const { chunk } of body) {
    const { delta, 'amazon-bedrock-invocationMetrics': metrics } = JSON.parse(decoder.decode(chunk.bytes));
    if (delta?.stop_reason) call.reason = delta.stop_reason;
    if (metrics) Object.assign(call, { inputTokens: metrics.inputTokenCount, outputTokens: metrics.outputTokenCount });
  }
  return call;
}

async function toolCall({ ConverseCommand }, client) {
  const inputSchema = { json: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
  const tools = [{ toolSpec: { name: 'get_weather', description: 'The weather of a city', inputSchema } }];
  const answer = await client.send(
    new ConverseCommand({
      modelId: CLAUDE,
      messages: messages('What is the weather in Paris?'),
      toolConfig: { tools },
    }),
  );
  const { toolUse } = answer.output.message.content.find((block) => block.toolUse);
  return { ...fromUsage(`chat ${CLAUDE}`, answer.stopReason, answer.usage), toolCall: toolUse.toolUseId };
}

async function embedding({ InvokeModelCommand }, client) {
  const command = new InvokeModelCommand({ modelId: TITAN, body: '{"inputText":"Hello"}' });
  const { body } = await client.send(command);
  return { name: `embeddings ${TITAN}`, inputTokens: JSON.parse(decoder.decode(body)).inputTextTokenCount };
}

async function error({ ConverseCommand }, client) {
  const command = new ConverseCommand({ modelId: CLAUDE, messages: messages('Hi') });
  const thrown = await client.send(command).catch((caught) => caught);
  return { name: `chat ${CLAUDE}`, error: thrown.name };
}

async function agent({ InvokeAgentCommand }, client) {
  const input = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
  const { completion } = await client.send(new InvokeAgentCommand(input));
  let answer = '';
  for await (const { chunk } of completion) answer += decoder.decode(chunk.bytes);
  return { name: 'invoke_agent', text: answer };
}

async function lookup({ RetrieveCommand }, client) {
  const input = { knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'Hi' } };
  const { retrievalResults } = await client.send(new RetrieveCommand(input));
  return { name: 'retrieval KB12345678', documents: retrievalResults.length };
}
