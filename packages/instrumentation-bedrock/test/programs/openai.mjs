import * as sdk from 'openai';
import { chat } from './openai-call.cjs';

await chat(sdk);
