// Calls manuallyInstrument() twice. With --import, the module hook has instrumented the SDK already.
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { converse } from './call.cjs';

const { instrumentation } = await import('./setup.mjs');
instrumentation.manuallyInstrument(sdk);
instrumentation.manuallyInstrument({ BedrockRuntimeClient: sdk.BedrockRuntimeClient });
await converse(sdk);
