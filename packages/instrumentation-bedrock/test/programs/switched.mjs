// Started with --import, so a module hook has set up the instrumentation. It is disabled for two of the four calls.
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { converse } from './call.cjs';
import { instrumentation } from './setup.mjs';

const made = new sdk.BedrockRuntimeClient({});
await converse(sdk, made);
instrumentation.disable();
await converse(sdk, made);
const madeMeanwhile = new sdk.BedrockRuntimeClient({});
await converse(sdk, madeMeanwhile);
instrumentation.enable();
await converse(sdk, madeMeanwhile);
