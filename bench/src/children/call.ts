/** CPU time of calls: one or more instrumentations that take turns, and one or more kinds of call. */

import { serve } from '../child.js';
import type { CallJob, CallReply, CallRequest, Check } from '../overhead.js';
import type { Variant } from '../variants.js';
import { type Caller, createCaller } from './client.js';
import { type BenchSpan, startTracing } from './tracing.js';

interface Checked {
  readonly caller: Caller;
  readonly check: Check;
}

const job = JSON.parse(process.argv[2] ?? '') as CallJob;
const spans: BenchSpan[] = [];
let isChecking = true;

const tracing = startTracing(job.variants, (batch) => {
  if (isChecking) spans.push(...batch);
});
await tracing.learn(async () => {
  await check(createCaller(job.cases[0] as CallJob['cases'][0]));
  return spans[0];
});
const checked = new Map<Variant, readonly Checked[]>();
for (const variant of job.variants) {
  tracing.use(variant);
  const ofCases: Checked[] = [];
  for (const one of job.cases) {
    // Clients of their own: what an instrumentation did to a client stays.
    const caller = createCaller(one);
    ofCases.push({ caller, check: await check(caller) });
  }
  checked.set(variant, ofCases);
}
for (const [variant, ofCases] of checked) {
  const { caller, check: before } = ofCases[0] as Checked;
  tracing.use(variant);
  // How much is recorded varies by a few characters, with the time that is.
  const { recordedCharacters, ...again } = await check(caller);
  const grown = Math.abs(recordedCharacters - before.recordedCharacters);
  if (grown > 50 || Object.entries(again).some(([name, value]) => value !== before[name as keyof Check])) {
    throw new Error(`${variant} traces otherwise after other instrumentations were on.`);
  }
}
isChecking = false;

serve<CallRequest, CallReply>(async ({ variant, index, calls, milliseconds = 0 }) => {
  tracing.use(variant);
  const { caller, check } = (checked.get(variant) as readonly Checked[])[index] as Checked;
  const callAll = async (): Promise<number> => {
    await caller.call(); // The first one meets the code of the variant before.
    const before = process.cpuUsage();
    const spent = (): number => {
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    let done = 0;
    // At least one: what threads of the process took is told late, and may come all at once.
    do {
      await caller.call();
      done++;
    } while (calls === undefined ? spent() < milliseconds * 1000 : done < calls);
    return spent() / done;
  };
  return { microseconds: await tracing.inActiveSpan(callAll), check };
});

/** What came of one call: what the application received, and what was recorded. */
async function check({ call }: Caller): Promise<Check> {
  spans.length = 0;
  const events = await call();
  // The batch is exported by the processor's timer.
  await new Promise((done) => setTimeout(done, 120));
  const attributes = Object.assign({}, ...spans.map((span) => span.attributes)) as Record<string, unknown>;
  const find = (...names: string[]): number | undefined =>
    names.map((name) => attributes[name]).find((value) => typeof value === 'number') as number | undefined;
  const recorded = JSON.stringify(attributes);
  return {
    events,
    spans: spans.length,
    inputTokens: find('gen_ai.usage.input_tokens', 'llm.token_count.prompt', 'gen_ai.usage.prompt_tokens'),
    outputTokens: find('gen_ai.usage.output_tokens', 'llm.token_count.completion', 'gen_ai.usage.completion_tokens'),
    hasContent: recorded.includes('simulator'),
    recordedCharacters: spans.length === 0 ? 0 : recorded.length,
  };
}
