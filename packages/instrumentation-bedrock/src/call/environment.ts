/** What calls get from the instrumentation. */

import type { Tracer } from '@opentelemetry/api';
import type { ResolvedConfig } from '../data/settings.js';
import type { EventLogger } from '../span/events.js';
import type { Instruments } from '../span/instrument.js';
import type { Report } from './hooks.js';

export interface CallEnvironment {
  readonly config: ResolvedConfig;
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: EventLogger;
  readonly report: Report;
}
