/** The instrumentation: finds the SDK, replaces its methods, and gives calls their settings and providers. */

import { diag, ProxyTracer, ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import { InstrumentationBase, type InstrumentationModuleDefinition } from '@opentelemetry/instrumentation';
import { type BedrockInstrumentationConfig, resolveConfig } from './config.js';
import { errorOrigin } from './data/errors.js';
import type { ResolvedConfig } from './data/settings.js';
import { isTracedService } from './operations/index.js';
import { processContent, strictest, underProcess } from './process-content.js';
import { readHandedOver } from './sdk/handed-over.js';
import { loadedModules } from './sdk/loaded-modules.js';
import { bedrockEndpoint } from './sdk/openai/client.js';
import { traceRequest } from './sdk/openai/request.js';
import type { Owner } from './sdk/patch.js';
import { type SendEnvironment, traceSend } from './sdk/send.js';
import { OpenStreams } from './sdk/stream.js';
import { UnseenCalls } from './sdk/unseen/watch.js';
import {
  type BedrockClientClass,
  type BedrockClientExports,
  type ModuleExports,
  moduleDefinitions,
  TRACED_SDKS,
  type TracedSdk,
} from './sdks.js';
import type { EventLogger } from './span/events.js';
import type { Instruments } from './span/instrument.js';
import { createInstruments } from './span/metrics.js';
import { VERSION } from './version.js';

const NAME = 'opentelemetry-instrumentation-bedrock';

// The base class sets `this._diag` only after its constructor has called methods of this class.
const warn = (message: string): void => diag.warn(`${NAME}: ${message}`);

/** True if no tracer provider is set. Then the API's tracers do nothing, so no request is read. */
function isWithoutProvider(tracer: Tracer): boolean {
  if (!(tracer instanceof ProxyTracer)) return false;
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer(NAME, VERSION) === undefined;
}

/**
 * Traces calls of `@aws-sdk/client-bedrock-runtime`, `@aws-sdk/client-bedrock-agent-runtime` and
 * `@aws-sdk/client-bedrock-agentcore`, and those of OpenAI's SDK whose base URL is Bedrock's. Each is one CLIENT span with
 * GenAI attributes, token usage and the conversation. What an agent reports about its work becomes spans beneath.
 *
 * It traces every copy of the SDK that Node.js loads, before or after it. Bundled applications need a
 * bundler plugin of `mlflow-bedrock`, or {@link BedrockInstrumentation.manuallyInstrument}. It never throws into the
 * application and never changes the result of a call. Failures inside it are logged through `diag`, once per cause.
 */
export class BedrockInstrumentation extends InstrumentationBase<BedrockInstrumentationConfig> {
  // Declared without initialisers: the constructor of the base class runs the methods that set them.
  declare private resolvedConfig: ResolvedConfig;
  /** `resolvedConfig` under the content options of the process. */
  declare private effective: { readonly process: ResolvedConfig; readonly config: ResolvedConfig } | undefined;
  declare private instruments: Instruments;
  declare private owner: Owner;
  declare private streams: OpenStreams;
  /** The owners of each method that was replaced for this instrumentation. */
  declare private patched: Set<Owner[]>;
  declare private unseen: UnseenCalls;
  /** Set while enabled. */
  declare private stopReading: (() => void) | undefined;

  /** @param config Every option has a default; see {@link BedrockInstrumentationConfig}. */
  constructor(config: BedrockInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** @internal */
  protected override init(): InstrumentationModuleDefinition[] {
    // `getModuleDefinitions()` of the base class calls this again, while streams are open and methods are replaced.
    this.streams ??= new OpenStreams();
    this.owner ??= this.createOwner();
    this.patched ??= new Set();
    this.unseen ??= new UnseenCalls({
      isTracing: () => this.isEnabled() && !isWithoutProvider(this.tracer),
      hosts: () => this.resolvedConfig.openAIHosts,
      warn,
    });
    return TRACED_SDKS.flatMap((sdk) => moduleDefinitions(sdk, (found) => this.patch(sdk, found)));
  }

  /** Sets new options for all later calls. Invalid values are logged as warnings; their defaults are used. */
  override setConfig(config: BedrockInstrumentationConfig): void {
    super.setConfig(config);
    this.resolvedConfig = resolveConfig(config ?? {}, process.env, warn);
    this.effective = undefined;
  }

  /** Starts tracing, also for SDK copies that are loaded already and for clients in use. */
  override enable(): void {
    super.enable();
    for (const owners of this.patched) if (!owners.includes(this.owner)) owners.push(this.owner);
    this.stopReading ??= readHandedOver((found) => {
      for (const sdk of TRACED_SDKS) this.patch(sdk, found?.[sdk.base]);
    });
    // The hooks of the base class see only modules that are loaded from now on.
    try {
      for (const sdk of TRACED_SDKS) {
        for (const loaded of loadedModules(sdk.loadedFrom)) {
          this.patch(sdk, (loaded as ModuleExports | undefined)?.[sdk.base]);
        }
      }
    } catch (error) {
      // The application is starting and must not fail because of this.
      this._diag.error(
        'An AWS SDK that is loaded already cannot be found; use manuallyInstrument()',
        errorOrigin(error),
      );
    }
    this.unseen.start();
  }

  /** Stops tracing at once, also for clients in use. The spans of open streams end; the application can read on. */
  override disable(): void {
    super.disable();
    this.stopReading?.();
    this.stopReading = undefined;
    // Without owners, the replaced methods do not keep a disabled instrumentation in memory.
    for (const owners of this.patched) {
      const at = owners.indexOf(this.owner);
      if (at >= 0) owners.splice(at, 1);
    }
    this.streams.abandonAll();
    this.unseen.stop();
  }

  /**
   * Instruments an SDK that Node.js does not load as a module of its own: in applications bundled by esbuild, rollup or
   * webpack. If module hooks find the SDK too, there is still one span per call. Logs an error through `diag` if a class
   * cannot be instrumented, or if none is given.
   *
   * @param moduleExports `import * as sdk from '@aws-sdk/client-bedrock-runtime'`, or another of the traced packages; or
   *   `{ BedrockRuntimeClient, OpenAI }`, which lets bundlers drop the rest of the SDKs.
   */
  manuallyInstrument(moduleExports: BedrockClientExports): void {
    if (this.patchExports(moduleExports)) return;
    const packages = new Set(TRACED_SDKS.flatMap(({ clients }) => Object.values(clients)));
    this._diag.error(
      `manuallyInstrument() was given no client of ${[...packages].join(', ')}; pass the exports of one: ` +
        "import * as sdk from '@aws-sdk/client-bedrock-runtime'",
    );
  }

  /** @internal */
  protected override _updateMetricInstruments(): void {
    this.instruments = createInstruments(this.meter, { withNewer: this.resolvedConfig.newerMetrics });
  }

  /** Patches all clients of all SDKs among the exports. Returns false if there is none. */
  private patchExports(moduleExports: BedrockClientExports | undefined): boolean {
    const given = TRACED_SDKS.flatMap((sdk) =>
      (Object.keys(sdk.clients) as (keyof BedrockClientExports)[])
        .filter((name) => moduleExports?.[name] !== undefined)
        .map((name) => ({ sdk, name })),
    );
    for (const { sdk, name } of given) {
      if (this.patch(sdk, moduleExports?.[name])) continue;
      this._diag.error(
        `manuallyInstrument() cannot instrument ${name}, because its ${sdk.method}() is missing or frozen; ` +
          `pass the class that ${sdk.clients[name]} exports`,
      );
    }
    return given.length > 0;
  }

  private patch(sdk: TracedSdk, found: BedrockClientClass | undefined): boolean {
    try {
      const patched = found?.prototype && sdk.patch(found.prototype, this.owner);
      for (const owners of patched ?? []) this.patched.add(owners);
      if (patched) this.unseen.found();
      return patched !== undefined;
    } catch (error) {
      this._diag.error(`${sdk.name} cannot be instrumented`, errorOrigin(error));
      return false;
    }
  }

  private createOwner(): Owner {
    const report = this.createReport();
    const content = (): ResolvedConfig => this.contentConfig();
    /** Undefined if nothing records calls; then no request is read. */
    const environment = (others: readonly Owner[]): SendEnvironment | undefined => {
      const { instruments, tracer, streams } = this;
      if (!instruments.isRecording && isWithoutProvider(tracer)) return undefined;
      this.unseen.traced();
      const logger = this.logger as EventLogger;
      const config = others.reduce((strict, other) => strictest(strict, other.content?.() ?? strict), content());
      return { config, instruments, tracer, logger, streams, report };
    };
    return {
      isEnabled: () => this.isEnabled(),
      content,
      send: (args, others) => {
        // All AWS clients share one `send`.
        if (!isTracedService(args.client?.config?.serviceId)) return undefined;
        const recording = environment(others);
        return recording && traceSend(recording, args);
      },
      request: (args, others) => {
        // OpenAI's SDK has clients of many providers.
        const server = bedrockEndpoint(args.client, this.resolvedConfig.openAIHosts);
        const recording = server && environment(others);
        return recording && traceRequest(recording, args, server);
      },
      destroyed: (client) => this.streams.abandonUnread(client),
    };
  }

  /** The content options of the process can be set after those of this instrumentation. */
  private contentConfig(): ResolvedConfig {
    const shared = processContent();
    if (!shared) return this.resolvedConfig;
    if (this.effective?.process !== shared) {
      this.effective = { process: shared, config: underProcess(this.resolvedConfig, this.getConfig(), shared) };
    }
    return this.effective.config;
  }

  private createReport(): (what: string, error: unknown) => void {
    const reported = new Set<string>();
    return (what, error) => {
      if (reported.has(what)) return;
      reported.add(what);
      try {
        this._diag.error(`${what} (said once)`, errorOrigin(error));
      } catch {
        // The logger belongs to the application. Its errors cannot be reported anywhere.
      }
    };
  }
}
