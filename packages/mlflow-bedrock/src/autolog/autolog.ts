import { errorMessage, errorType } from 'opentelemetry-instrumentation-bedrock/recording';
import { type AutologStarted, autologStarted } from '../common/channels.js';
import { catalogSchemaIn, isSdkDisabled, readableTrackingUri } from '../common/environment.js';
import { warn } from '../common/warn.js';
import { type AiSdkTracing, traceAiSdk } from './ai-sdk.js';
import { registeredProvider, traceIntoProvider } from './application-provider.js';
import { setDefaultLogger } from './logger.js';
import type { Autolog, AutologOptions } from './options.js';
import { traceToMlflow } from './own-provider.js';
import type { Tracing } from './tracing.js';

const WAS_SHUT_DOWN = 'autolog() was shut down, and cannot start again in this process. To pause it, use disable().';
const CALLED_BEFORE = 'autolog() was called before; the options of the first call stay in use.';

/** In characters. */
const MAX_REASON_LENGTH = 300;

const NO_TRACING: Tracing = {
  flush: async () => {},
  shutdown: async () => {},
  enable: () => {},
  disable: () => {},
};

interface StartedAutolog extends Autolog {
  /** Records again after `disable()`, and warns of what a further call of `autolog()` cannot change. */
  resume(hasOptions: boolean): void;
}

/** Shared by the ES module and the CommonJS build of this package, because a process may load both. */
const STARTED = Symbol.for('mlflow-bedrock.autolog.v1');
const shared = globalThis as { [STARTED]?: StartedAutolog };

/**
 * Traces every Amazon Bedrock call of this process to MLflow from now on, and flushes before the process ends. Options
 * and environment variables configure it. A further call returns the same {@link Autolog} and ignores its options.
 *
 * If the application has registered a tracer provider, Bedrock calls are traced into that one. `diag` then logs what to
 * add to it for MLflow, unless the provider has a `CurrentTraceProcessor`. With `OTEL_SDK_DISABLED=true` it does nothing.
 * It never throws: `diag` logs why tracing could not start, or which settings cannot work.
 *
 * @param options default: the environment, then the defaults of {@link AutologOptions}.
 */
export function autolog(options: AutologOptions = {}): Autolog {
  const started = shared[STARTED];
  if (started) {
    started.resume(Object.keys(options).length > 0);
    return started;
  }
  if (isSdkDisabled(process.env)) {
    report({ kind: 'off' });
    return createAutolog(NO_TRACING, undefined);
  }
  setDefaultLogger(process.env['OTEL_LOG_LEVEL']);
  const created = createAutolog(startTracing(options), traceAiSdk());
  shared[STARTED] = created;
  return created;
}

/** What the first call of {@link autolog} returned; undefined if there was none. */
export function startedAutolog(): Autolog | undefined {
  return shared[STARTED];
}

function startTracing(options: AutologOptions): Tracing {
  try {
    const provider = registeredProvider();
    const tracing = provider ? traceIntoProvider(provider, options) : traceToMlflow(options);
    const trackingUri = readableTrackingUri(options, process.env);
    const isInCatalog = catalogSchemaIn(process.env, options) !== undefined;
    report(provider ? { kind: 'application' } : { kind: 'own', trackingUri, isInCatalog });
    return tracing;
  } catch (error) {
    report({ kind: 'failed' });
    warn(
      `tracing could not start, so the application runs without it (${readable(error)}). ` +
        'Check the options, and that all OpenTelemetry packages belong to one line, 2.x or 3.x.',
    );
    return NO_TRACING;
  }
}

function report(started: AutologStarted): void {
  autologStarted.publish(started);
}

/** The message of an error at the start can quote options, but no content. */
function readable(error: unknown): string {
  const message = errorMessage(error).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return `${errorType(error)}: ${message}`.slice(0, MAX_REASON_LENGTH);
}

function createAutolog(tracing: Tracing, aiSdk: AiSdkTracing | undefined): StartedAutolog {
  let shutdown: Promise<void> | undefined;
  return {
    flush: () => tracing.flush(),
    shutdown: () => {
      aiSdk?.disable();
      shutdown ??= tracing.shutdown();
      return shutdown;
    },
    disable: () => {
      aiSdk?.disable();
      tracing.disable();
    },
    resume: (hasOptions) => {
      if (shutdown) {
        warn(WAS_SHUT_DOWN);
        return;
      }
      if (hasOptions) warn(CALLED_BEFORE);
      aiSdk?.enable();
      tracing.enable();
    },
  };
}
