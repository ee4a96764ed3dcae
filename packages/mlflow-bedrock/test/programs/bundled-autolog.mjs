// The input of the bundlers: an application that starts tracing itself, after its SDK was loaded.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog } from 'mlflow-bedrock';

autolog({ captureMessageContent: false });
const client = new BedrockRuntimeClient();
const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages })).then(({ output }) => {
  console.log(output.message.content[0].text);
  client.destroy();
});
