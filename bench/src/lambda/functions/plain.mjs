// A function without tracing.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';

const client = new BedrockRuntimeClient();

export const handler = async ({ question }, _context) => {
  const messages = [{ role: 'user', content: [{ text: question }] }];
  const { output } = await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  return output.message.content[0].text;
};
