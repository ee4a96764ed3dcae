// The same as lazy.cjs, with import().
import { setImmediate } from 'node:timers/promises';
import { converse } from './call.cjs';

await setImmediate();
await converse(await import('@aws-sdk/client-bedrock-runtime'));
