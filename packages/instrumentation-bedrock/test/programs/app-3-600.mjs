// The same as app-3-600.cjs, imported.
import * as sdk from 'client-bedrock-runtime-3-600';
import { converse } from './call.cjs';

await converse(sdk);
