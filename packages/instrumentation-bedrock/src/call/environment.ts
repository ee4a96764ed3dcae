/** What calls get from the instrumentation. */

import type { Context, Tracer } from '@opentelemetry/api';
import type { ErrorNames } from '../data/error-type.js';
import type { ServerEndpoint } from '../data/facts.js';
import type { ResolvedConfig } from '../data/settings.js';
import type { EventLogger } from '../span/events.js';
import type { Instruments } from '../span/instrument.js';
import type { Report } from './hooks.js';
import type { InputStream } from './input-stream.js';

export interface CallEnvironment {
  readonly config: ResolvedConfig;
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: EventLogger;
  readonly report: Report;
}

/** Returns the environment of a call that records no content, whatever the settings are. */
export function withoutContent(environment: CallEnvironment): CallEnvironment {
  return { ...environment, config: { ...environment.config, captureContent: false, foreignWords: 'none' } };
}

/** What is known of a call when it starts. */
export interface CallStart {
  readonly serviceId: unknown;
  /** The command's name without `Command`. */
  readonly operation: string;
  /** The command's input, an object of the application. */
  readonly input: unknown;
  /** The host of the client's previous call, so that samplers can use it. */
  readonly server: ServerEndpoint | undefined;
  /** The context in which the application made the call. */
  readonly parent: Context;
  /** The `abortSignal` of the call, an object of the application. */
  readonly signal: unknown;
  /** The names that the errors of the SDK have. Default: those of errors of the AWS SDK. */
  readonly errorNames?: ErrorNames;
  readonly observeInput: ObserveInput;
}

/** Returns the iterable to send in the place of the application's; that one itself if it cannot be observed. */
export type ObserveInput = (events: unknown, observer: InputStream) => unknown;
