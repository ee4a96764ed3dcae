/** Measures the CPU time of calls: all variants take short turns in this process. */

import { setTimeout as delay } from 'node:timers/promises';
import { median, shuffle } from 'simple-statistics';
import type { Answer } from '../answers.js';
import type { CallJob, CallResult } from '../calls.js';
import { finish, readJob } from '../child.js';
import { partsOf, type Variant } from '../variants.js';
import { type Application, createApplication } from './application.js';
import { type BenchSpan, startTracing } from './tracing.js';

/** CPU time of a turn without instrumentation. A turn is at least one call. */
const TURN_MILLISECONDS = 6;
/** Each variant gets at least this many turns, even if the measurement then takes longer. */
const MINIMUM_TURNS = 10;
/** Compiling is not part of the cost of a call, so the warm-up must complete it. */
const WARM_UP_SHARE = 0.4;

const { answers, variants, seconds } = await readJob<CallJob>();
const spans: BenchSpan[] = [];
let isChecking = true;
const { use, inActiveSpan, flush } = startTracing(variants, (batch) => {
  if (isChecking) spans.push(...batch);
});
/** One client for each variant and answer, because an instrumentation may change a client for good. */
const applications = new Map<Variant | 'none', readonly Application[]>();
for (const variant of ['none', ...variants] as const) {
  use(variant);
  applications.set(
    variant,
    answers.map((answer) => createApplication(answer)),
  );
}
const faults = await findFaults();
const timed = ['none', ...variants.filter((variant) => faults[variant] === undefined)] as const;
isChecking = false;
const calls = await inActiveSpan(warmUp);
const times = await inActiveSpan(() => measure(calls));
await flush();
isChecking = true;
const again = await findFaults();
for (const variant of variants) {
  if (again[variant] === faults[variant]) continue;
  throw new Error(`"${variant}" traces differently after the others: ${again[variant] ?? 'no fault'}`);
}
finish({ faults, times } satisfies CallResult);

async function findFaults(): Promise<{ [Name in Variant]?: string }> {
  const found: { [Name in Variant]?: string } = {};
  const untraced = applications.get('none') as readonly Application[];
  for (const [index, answer] of answers.entries()) {
    use('none');
    const events = await (untraced[index] as Application).call();
    for (const variant of variants) {
      use(variant);
      const fault = found[variant] ?? (await faultOf(variant, index, answer, events));
      if (fault !== undefined) found[variant] = fault;
    }
  }
  return found;
}

/** Compares what the application and the span of one call have with the answer. */
async function faultOf(variant: Variant, index: number, answer: Answer, events: number): Promise<string | undefined> {
  spans.length = 0;
  const received = await (applications.get(variant) as readonly Application[])[index]?.call();
  const { mode } = partsOf(variant);
  const expected = mode === 'unsampled' ? 0 : 1;
  await waitForSpans(expected);
  if (received !== events) return `${received} of ${events} events`;
  if (spans.length !== expected) return `${spans.length} spans`;
  if (mode === 'unsampled') return undefined;
  const attributes = spans[0]?.attributes ?? {};
  const find = (...names: string[]): unknown =>
    names.map((name) => attributes[name]).find((value) => value !== undefined);
  const input = find('gen_ai.usage.input_tokens', 'llm.token_count.prompt', 'gen_ai.usage.prompt_tokens');
  const output = find('gen_ai.usage.output_tokens', 'llm.token_count.completion', 'gen_ai.usage.completion_tokens');
  if (input === undefined && output === undefined) return 'no tokens';
  if (input !== answer.inputTokens || output !== answer.outputTokens) return 'wrong tokens';
  const hasContent = JSON.stringify(attributes).includes('simulator');
  if (hasContent !== (mode !== 'no content')) return hasContent ? 'content recorded' : 'no content';
  return undefined;
}

/** An instrumentation may end its span a little later than the call, and on a busy machine much later. */
async function waitForSpans(expected: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    await delay(20);
    await flush();
    if (spans.length >= expected) return;
  }
}

/** Returns the calls of a turn, by answer. */
async function warmUp(): Promise<number[]> {
  const calls: number[] = [];
  const perAnswer = (seconds * 1000 * WARM_UP_SHARE) / answers.length;
  for (const index of answers.keys()) {
    let count = 1;
    const end = performance.now() + perAnswer;
    while (performance.now() < end) {
      for (const variant of timed) {
        const microseconds = await turn(variant, index, count);
        if (variant === 'none') count = Math.max(1, Math.round((TURN_MILLISECONDS * 1000) / microseconds));
      }
    }
    calls.push(count);
  }
  return calls;
}

/** Returns microseconds by variant and answer: of a call without instrumentation, and what a variant adds to it. */
async function measure(calls: readonly number[]): Promise<CallResult['times']> {
  const rounds = new Map(timed.map((variant) => [variant, answers.map((): number[] => [])]));
  const end = performance.now() + seconds * 1000 * (1 - WARM_UP_SHARE);
  for (let turns = 0; turns < MINIMUM_TURNS || performance.now() < end; turns++) {
    for (const [index, count] of calls.entries()) {
      const round = new Map<Variant | 'none', number>();
      for (const variant of shuffle([...timed])) {
        round.set(variant, await turn(variant, index, count));
      }
      for (const [variant, microseconds] of round) {
        const untraced = variant === 'none' ? 0 : (round.get('none') as number);
        rounds.get(variant)?.[index]?.push(microseconds - untraced);
      }
    }
  }
  return Object.fromEntries([...rounds].map(([variant, ofAnswers]) => [variant, ofAnswers.map(median)]));
}

/** Returns microseconds of CPU time of one call, user and system, in all threads. */
async function turn(variant: Variant | 'none', index: number, calls: number): Promise<number> {
  use(variant);
  const application = (applications.get(variant) as readonly Application[])[index] as Application;
  // The first call of a turn still runs with the code that was compiled for the previous variant.
  await application.call();
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await application.call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
