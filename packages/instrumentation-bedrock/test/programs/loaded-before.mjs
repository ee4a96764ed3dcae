// The SDK is loaded before the instrumentation: no hook fires, manuallyInstrument() does it, and does it once.
import * as sdk from '@aws-sdk/client-bedrock-runtime';

const client = new sdk.BedrockRuntimeClient({});
const { instrumentation } = await import('./setup.mjs');
instrumentation.manuallyInstrument(sdk);
instrumentation.manuallyInstrument(sdk);
await client.send(
  new sdk.ConverseCommand({
    modelId: 'amazon.nova-lite-v1:0',
    messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
  }),
);
client.destroy();
