// The same as loaded-before.cjs, with the oldest and the newest SDK.
import * as newest from '@aws-sdk/client-bedrock-runtime';
import * as oldest from 'client-bedrock-runtime-3-600';
import { converse } from './call.cjs';

const client = new newest.BedrockRuntimeClient({});
await import('./setup.mjs');
await converse(newest, client);
await converse(oldest);
