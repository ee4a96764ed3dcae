// Entry point for a bundler. Module hooks do not run in a bundle, so this file passes the SDK to the instrumentation.
import * as bedrock from '@aws-sdk/client-bedrock-runtime';
import { instrumentation } from './tracing.js';

instrumentation.manuallyInstrument(bedrock);

export { handler } from './handler.js';
