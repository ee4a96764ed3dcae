import { join } from 'node:path';
import { errorType } from 'opentelemetry-instrumentation-bedrock/recording';
import { applicationFolders } from '../common/application-folders.js';
import { warnOfErrorOnce } from '../common/warn.js';
import { contentConfig } from '../current-trace/content-config.js';

/** What version 7 of the AI SDK calls during a call, and calls a telemetry integration. All members are optional. */
type Integration = object;

/** The list to which `registerTelemetry()` of `ai` adds. Bundles and all copies of the AI SDK share it. */
const shared = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: Integration[] };

const PACKAGE = '@ai-sdk/otel';
const NO_MEMBERS: Integration = {};
const OPTIONS = {
  /** The name of the span of an agent, if the application gives it one. */
  agentSpanName: 'functionId',
  runtimeContext: true,
  reranking: true,
  usage: true,
};

/** The AI SDK's own tracing, as {@link traceAiSdk} registered it. */
export interface AiSdkTracing {
  enable(): void;
  disable(): void;
}

/**
 * Registers the OpenTelemetry integration of AI SDK 7, if the application has installed `@ai-sdk/otel`. The package is
 * loaded with the first call. If the application registers any integration itself, it alone decides what is traced.
 */
export function traceAiSdk(): AiSdkTracing | undefined {
  const path = findPackage();
  if (path === undefined) return undefined;
  shared.AI_SDK_TELEMETRY_INTEGRATIONS ??= [];
  const integration = new DefaultIntegration(path);
  shared.AI_SDK_TELEMETRY_INTEGRATIONS.push(integration.proxy);
  return integration;
}

/** Stands for the integration until the first call. The AI SDK asks for each member when a call starts. */
class DefaultIntegration implements AiSdkTracing {
  readonly proxy: Integration = new Proxy(NO_MEMBERS, { get: (_target, key) => this.#member(key) });
  readonly #path: string;
  #isEnabled = true;
  #loaded: Integration | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  enable(): void {
    this.#isEnabled = true;
  }

  disable(): void {
    this.#isEnabled = false;
  }

  #member(key: string | symbol): unknown {
    if (!this.#isEnabled || shared.AI_SDK_TELEMETRY_INTEGRATIONS?.some((other) => other !== this.proxy))
      return undefined;
    this.#loaded ??= load(this.#path);
    const loaded = this.#loaded;
    const member: unknown = Reflect.get(loaded, key);
    if (typeof member !== 'function') return member;
    return (event: unknown) =>
      isOfVersion7(event) ? member.call(loaded, withContentSettings(event)) : executeUntraced(event);
  }
}

/** Version 6 calls integrations of the same list, with other events. */
function isOfVersion7(event: unknown): event is object {
  return typeof event === 'object' && event !== null && 'callId' in event;
}

/** Some members wrap a call of the application, which must also run in an event that no integration understands. */
function executeUntraced(event: unknown): unknown {
  const { execute } = (event ?? {}) as { execute?: unknown };
  return typeof execute === 'function' ? execute() : undefined;
}

/** The event, which holds no content if the process must not record any. */
function withContentSettings(event: object): object {
  const { contentOnSpans, contentHook } = contentConfig();
  // The hook redacts content of Bedrock, and cannot read that of the AI SDK.
  if (contentOnSpans && contentHook === undefined) return event;
  const { error, toolOutput, content } = event as { error?: unknown; toolOutput?: unknown; content?: unknown };
  return copyWith(event, {
    recordInputs: false,
    recordOutputs: false,
    // The integration records these and the texts of errors nevertheless.
    stopSequences: undefined,
    ...(error === undefined ? {} : { error: withoutText(error) }),
    ...(toolOutput === undefined ? {} : { toolOutput: withoutErrorText(toolOutput) }),
    ...(Array.isArray(content) ? { content: content.map(withoutErrorText) } : {}),
  });
}

/** The output of a tool, whose error may be one of the application. */
function withoutErrorText(output: unknown): unknown {
  if (typeof output !== 'object' || output === null || !('error' in output)) return output;
  return copyWith(output, { error: withoutText(output.error) });
}

/** An error of the same class without its texts. Its status stays readable. */
function withoutText(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return Object.create(error, {
    name: { value: errorType(error, contentConfig().foreignWords) },
    message: { value: '' },
    stack: { value: undefined },
  });
}

/** A copy of an object, which may be frozen, with some members replaced. */
function copyWith(value: object, members: object): object {
  const descriptors = { ...Object.getOwnPropertyDescriptors(value), ...Object.getOwnPropertyDescriptors(members) };
  return Object.create(Object.getPrototypeOf(value), descriptors);
}

/** Looks where the application would find the package: beside the program, then in the working folder. */
function findPackage(): string | undefined {
  for (const folder of applicationFolders()) {
    try {
      return requireFrom(join(folder, 'app.js')).resolve(PACKAGE);
    } catch {
      // Most applications do not use the AI SDK.
    }
  }
  return undefined;
}

function load(path: string): Integration {
  try {
    const { OpenTelemetry } = requireFrom(path)(path) as {
      OpenTelemetry: new (options: typeof OPTIONS) => Integration;
    };
    return new OpenTelemetry(OPTIONS);
  } catch (error) {
    warnOfErrorOnce(
      `${PACKAGE} cannot be loaded, so calls of the AI SDK are not traced. Use Node.js 22.12 or newer, or register it in the ` +
        'application: registerTelemetry(new OpenTelemetry())',
      error,
    );
    return NO_MEMBERS;
  }
}

// Not imported: ES module bundles often begin with an import of `createRequire`, and a second one is an error.
function requireFrom(file: string): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(file);
}
