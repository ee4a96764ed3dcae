// Entry point for a bundler. Module hooks do not run in a bundle, so this file starts tracing and passes the SDK to it.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { autolog, BedrockInstrumentation } from 'mlflow-bedrock';

autolog();
new BedrockInstrumentation().manuallyInstrument({ BedrockRuntimeClient });

export { handler } from './handler.js';
