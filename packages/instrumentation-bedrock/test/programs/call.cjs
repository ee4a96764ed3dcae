// The call that every program here makes. Prints what the application gets of it.
const { writeSync } = require('node:fs');

exports.converse = async ({ BedrockRuntimeClient, ConverseCommand }, client = new BedrockRuntimeClient({})) => {
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const { $metadata, ...answer } = await client.send(
    new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }),
  );
  client.destroy();
  // Not console.log: a worker thread's would be lost when the thread ends.
  writeSync(1, `${JSON.stringify({ answer: { status: $metadata.httpStatusCode, ...answer } })}\n`);
};
