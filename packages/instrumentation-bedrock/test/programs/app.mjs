import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { converse } from './call.cjs';

await converse(sdk);
