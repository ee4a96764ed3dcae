// Without a loader hook, module hooks do not see ES modules.
import * as sdk from 'openai';
import { chat } from './openai-call.cjs';
import { instrumentation } from './setup.mjs';

instrumentation.manuallyInstrument(sdk);
await chat(sdk);
