import * as newest from '@aws-sdk/client-bedrock-runtime';
import * as oldest from 'client-bedrock-runtime-3-600';
import { converse } from './call.cjs';

await converse(oldest);
await converse(newest);
