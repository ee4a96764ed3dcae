// The function as one file: what a bundler starts from. No module hook fires in a bundle, so the SDK is handed over.
import * as bedrock from '@aws-sdk/client-bedrock-runtime';
import { instrumentation } from './tracing.js';

instrumentation.manuallyInstrument(bedrock);

export { handler } from './handler.js';
