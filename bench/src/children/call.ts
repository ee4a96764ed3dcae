/** CPU time of calls: one instrumentation, one or more kinds of call. */

import { serve } from '../child.js';
import type { CallJob, CallReply, CallRequest, Check } from '../overhead.js';
import { setupOf } from '../variants.js';
import { type Caller, createCaller } from './client.js';
import { type BenchSpan, startTracing } from './tracing.js';

const job = JSON.parse(process.argv[2] ?? '') as CallJob;
const spans: BenchSpan[] = [];
let isChecking = true;

const tracing = startTracing(job.variant, (batch) => {
  if (isChecking) spans.push(...batch);
});
const tracedCallers = job.cases.map((one) => createCaller(one));
if (setupOf(job.variant)?.floor) {
  await check((tracedCallers[0] as Caller).call);
  tracing.replaceBy(spans[0]);
  tracing.setTraced(true);
}
const checks: Check[] = [];
for (const { call } of tracedCallers) checks.push(await check(call));
// Clients of their own: what an instrumentation did to a client stays.
tracing.setTraced(false);
const plainCallers = job.cases.map((one) => createCaller(one));
for (const { call } of plainCallers) {
  if ((await check(call)).spans > 0) throw new Error(`${job.variant} traces after it was switched off.`);
}
isChecking = false;

serve<CallRequest, CallReply>(async ({ index, calls, milliseconds = 0, isTraced }) => {
  tracing.setTraced(isTraced);
  const { call } = (isTraced ? tracedCallers : plainCallers)[index] as Caller;
  const before = process.cpuUsage();
  const spent = (): number => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const callAll = async (): Promise<number> => {
    let done = 0;
    while (calls === undefined ? spent() < milliseconds * 1000 : done < calls) {
      await call();
      done++;
    }
    return spent() / done;
  };
  const microseconds = await tracing.inActiveSpan(callAll);
  return { microseconds, check: checks[index] as Check };
});

/** What came of one call: what the application received, and what was recorded. */
async function check(call: () => Promise<number>): Promise<Check> {
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
