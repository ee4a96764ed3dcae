// An application that makes many large calls, and prints their number and tokens. It ends once its parent closes stdin
// and everything is sent. Arguments: number of calls, `image` or `history`, size of each in bytes, options of autolog().
import { once } from 'node:events';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog } from 'mlflow-bedrock';

const [calls, kind, size, options] = process.argv.slice(2);
const tracing = autolog(JSON.parse(options));
const bedrock = new BedrockRuntimeClient({ maxAttempts: 1 });

const content = (call) => {
  if (kind === 'image')
    return [{ image: { format: 'png', source: { bytes: new Uint8Array(Number(size)).fill(call) } } }];
  return [{ text: `${call} `.repeat(Math.ceil(size / `${call} `.length)) }];
};
let next = 0;
let tokens = 0;
const work = async () => {
  while (next < calls) {
    const messages = [{ role: 'user', content: content(++next) }];
    const { usage } = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
    tokens += usage.totalTokens;
  }
};
await Promise.all([work(), work(), work(), work()]);
console.log(JSON.stringify({ calls: next, tokens }));
process.stdin.resume();
await once(process.stdin, 'end');
await tracing.flush();
