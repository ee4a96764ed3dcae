/** Wall time of a call, of one that is traced, and of ones with a part of the tracing left out: by turns. */

import { setTimeout as pause } from 'node:timers/promises';
import { serve } from '../child.js';
import { shuffled } from '../overhead.js';
import type { LeftOutJob, LeftOutReply } from '../parts/left-out.js';
import { loadPeer } from '../peers.js';
import { setupOf, type Variant } from '../variants.js';
import { type Caller, createCaller } from './client.js';
import { LEFT_OUT, leaveOut } from './leave-out.js';
import { type BenchSpan, startTracing } from './tracing.js';

const {
  variants,
  leavesOut,
  case: measured,
  warmUpSeconds,
  turns,
  calls,
} = JSON.parse(process.argv[2] ?? '') as LeftOutJob;
const spans: BenchSpan[] = [];
const complaints: unknown[] = [];

const complain = (...what: unknown[]): void => void complaints.push(...what);
loadPeer('@opentelemetry/api').diag.setLogger({ error: complain, warn() {}, info() {}, debug() {}, verbose() {} });
const tracing = startTracing(['none', ...variants], (batch) => {
  spans.push(...batch);
});
await tracing.learn(async () => {
  await createCaller(measured).call();
  while (spans.length === 0) await pause(10);
  return spans[0];
});
const callers = new Map<Variant, Caller>();
for (const variant of ['none', ...variants] as const) {
  tracing.use(variant);
  callers.set(variant, createCaller(measured));
}
const names = ['none', ...variants, ...(leavesOut ? Object.keys(LEFT_OUT) : [])];
for (const name of names) await check(name);

serve<object, LeftOutReply>(async () => {
  const warm = performance.now() + warmUpSeconds * 1000;
  while (performance.now() < warm) for (const name of names) await timeOf(name);
  const microseconds: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    // In random order: which code ran before matters.
    for (const name of shuffled(names)) microseconds[name]?.push(await timeOf(name));
  }
  return microseconds;
});

/** What is left out is to leave one span for each call, and no complaint. */
async function check(name: string): Promise<void> {
  spans.length = 0;
  await timeOf(name);
  // The batch is exported by the processor's timer.
  await pause(120);
  const isSilent = name === 'none' || setupOf(name as Variant)?.unsampled;
  const expected = isSilent ? 0 : calls + 1;
  if (spans.length !== expected || complaints.length > 0) {
    throw new Error(`${name}: ${spans.length} spans of ${expected}. ${complaints.join(' ')}`);
  }
}

/** The mean of the faster half of some calls, in microseconds: what other programs and collections took is not in it. */
async function timeOf(name: string): Promise<number> {
  const { options, replaced } = LEFT_OUT[name] ?? {};
  const variant = LEFT_OUT[name] ? 'ours' : (name as Variant);
  tracing.use(variant);
  const putBack = replaced && leaveOut(replaced);
  if (options) tracing.configure(variant, options);
  const { call } = callers.get(variant) as Caller;
  const times: number[] = [];
  await tracing.inActiveSpan(async () => {
    await call(); // The first one meets the code of the turn before.
    for (let done = 0; done < calls; done++) {
      const start = performance.now();
      await call();
      times.push((performance.now() - start) * 1000);
    }
  });
  putBack?.();
  if (options) tracing.configure(variant, {});
  const faster = times.sort((a, b) => a - b).slice(0, Math.ceil(calls / 2));
  return faster.reduce((sum, time) => sum + time, 0) / faster.length;
}
