// The call that every program with an agent makes. Prints the events without what differs between calls.
const { writeSync } = require('node:fs');

exports.invokeAgent = async (
  { BedrockAgentRuntimeClient, InvokeAgentCommand },
  client = new BedrockAgentRuntimeClient({}),
) => {
  const input = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
  const { completion, $metadata, sessionId } = await client.send(new InvokeAgentCommand(input));
  const texts = [];
  for await (const { chunk } of completion) if (chunk) texts.push(Buffer.from(chunk.bytes).toString());
  client.destroy();
  writeSync(1, `${JSON.stringify({ answer: { status: $metadata.httpStatusCode, sessionId, texts } })}\n`);
};
