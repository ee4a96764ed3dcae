// The input of the bundler: the function starts tracing itself.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { autolog, BedrockInstrumentation } from 'mlflow-bedrock';

autolog();
new BedrockInstrumentation().manuallyInstrument({ BedrockRuntimeClient });

export { handler } from './traced.mjs';
