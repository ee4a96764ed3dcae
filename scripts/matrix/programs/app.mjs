import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { makeCalls } from './calls.cjs';

await globalThis.smoke(() => makeCalls(sdk));
