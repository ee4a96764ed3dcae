/** The calls, their order, and the changes of settings between them. The same seed gives the same plan. */

import type { BedrockInstrumentation, BedrockInstrumentationConfig } from '../../src/index.js';
import { createRandom, pick } from './random.js';
import { REQUESTS, type SoakRequest } from './requests.js';
import { canBefall, SITUATIONS, type Situation } from './situations.js';

export interface Call {
  readonly request: SoakRequest;
  readonly situation: Situation;
}

/** All kinds of calls. A plan is a list of indexes of these. */
export const CALLS: readonly Call[] = SITUATIONS.flatMap((situation) =>
  REQUESTS.filter((request) => canBefall(situation, request)).map((request) => ({ request, situation })),
);

export function nameOf({ request, situation }: Call): string {
  return `${request.name}, ${situation.name}`;
}

export function planCalls(count: number, seed: number): Uint16Array {
  const random = createRandom(seed);
  const bySituation = SITUATIONS.map((situation) =>
    CALLS.flatMap((call, index) => (call.situation === situation ? [index] : [])),
  );
  const weights = SITUATIONS.map(({ weight }) => weight);
  return Uint16Array.from({ length: count }, () => {
    const indexes = bySituation[pick(weights, random)] as number[];
    return indexes[Math.floor(random() * indexes.length)] as number;
  });
}

const CONFIGS: readonly BedrockInstrumentationConfig[] = [
  {},
  {},
  {},
  { captureMessageContent: false },
  { recordStreamEvents: false },
  { contentFormats: ['gen_ai'] },
  { maxContentLength: 10, recordStreamEvents: true, contentHook: ({ value }) => value },
];

/** Sometimes disables, enables or configures the instrumentation. Runs before each call. */
export function createSwitcher(instrumentation: BedrockInstrumentation, seed: number): () => void {
  const random = createRandom(seed + 1);
  return () => {
    const chance = random();
    if (!instrumentation.isEnabled()) {
      if (chance < 0.02) instrumentation.enable();
    } else if (chance < 0.001) {
      instrumentation.disable();
    } else if (chance < 0.003) {
      instrumentation.setConfig(CONFIGS[Math.floor(random() * CONFIGS.length)] ?? {});
    }
  };
}
