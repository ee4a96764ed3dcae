// The same as plain.mjs.
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');

const client = new BedrockRuntimeClient();

exports.handler = async ({ question }, _context) => {
  const messages = [{ role: 'user', content: [{ text: question }] }];
  const { output } = await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  return output.message.content[0].text;
};
