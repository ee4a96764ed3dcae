import type { Part } from './part.js';
import { calls } from './parts/calls.js';
import { exporters } from './parts/exporters.js';
import { latency } from './parts/latency.js';
import { leftOut } from './parts/left-out.js';
import { memory } from './parts/memory.js';
import { payloads } from './parts/payloads.js';
import { scaling } from './parts/scaling.js';
import { startUp } from './parts/start-up.js';

/** In the order in which they run. */
export const PARTS: readonly Part[] = [calls, leftOut, memory, latency, payloads, exporters, startUp, scaling];
