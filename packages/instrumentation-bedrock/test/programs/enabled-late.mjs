// The instrumentation is created with `enabled: false`, so it sets no hook until enable(), after the SDK was loaded.
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';
import { converse } from './call.cjs';
import { instrumentation, provider } from './setup.mjs';

instrumentation.disable();
const late = new BedrockInstrumentation({ enabled: false });
late.setTracerProvider(provider);
const sdk = await import('@aws-sdk/client-bedrock-runtime');
await converse(sdk);
late.enable();
await converse(sdk);
