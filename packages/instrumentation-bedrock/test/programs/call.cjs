// The call that every program makes. Prints the answer.
const { writeSync } = require('node:fs');

exports.converse = async ({ BedrockRuntimeClient, ConverseCommand }, client = new BedrockRuntimeClient({})) => {
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const { $metadata, ...answer } = await client.send(
    new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }),
  );
  client.destroy();
  // Not console.log: the output of a worker thread would be lost at its end.
  writeSync(1, `${JSON.stringify({ answer: { status: $metadata.httpStatusCode, ...answer } })}\n`);
};
