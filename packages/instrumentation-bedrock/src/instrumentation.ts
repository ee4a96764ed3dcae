import { diag, ProxyTracer, ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import {
  InstrumentationBase,
  type InstrumentationModuleDefinition,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import type { TracedCall } from './call/call.js';
import { type BedrockInstrumentationConfig, resolveConfig } from './config.js';
import { errorMessage, errorStack } from './data/errors.js';
import type { ResolvedConfig } from './data/settings.js';
import { loadedModules } from './sdk/loaded-modules.js';
import { type Owner, patchSend } from './sdk/patch.js';
import { isTraced, traceSend } from './sdk/send.js';
import type { EventLogger } from './span/events.js';
import { createInstruments, type Instruments } from './span/metrics.js';
import { VERSION } from './version.js';

const NAME = 'opentelemetry-instrumentation-bedrock';

/**
 * Where `Client.prototype.send`, which all AWS clients inherit, is defined. From SDK 3.1060 on it is an inner file of
 * `@smithy/core`; before, the main file of `@smithy/smithy-client`. Both are seen by Node's `require` even when an
 * application imports the SDK as an ES module without a loader hook.
 */
const CORE = { name: '@smithy/core', file: '@smithy/core/dist-cjs/submodules/client/index.js', versions: ['>=3.0.0'] };
const SMITHY_CLIENT = {
  name: '@smithy/smithy-client',
  file: '@smithy/smithy-client/dist-cjs/index.js',
  versions: ['>=2.0.0'],
};

interface ClientModule {
  readonly Client?: { readonly prototype?: object };
}

/** True while no tracer provider is set: then the API's tracers do nothing, and nothing needs to be read for them. */
function isWithoutProvider(tracer: Tracer): boolean {
  if (!(tracer instanceof ProxyTracer)) return false;
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer(NAME, VERSION) === undefined;
}

/**
 * Traces calls of `@aws-sdk/client-bedrock-runtime`, each as one CLIENT span with GenAI attributes; Converse and
 * InvokeModel, streamed or not, with token usage and conversation.
 *
 * It traces every copy of the SDK that Node.js loads, before or after; for bundled applications see
 * {@link BedrockInstrumentation.manuallyInstrument}. It never throws into the application and never changes what a
 * call returns.
 */
export class BedrockInstrumentation extends InstrumentationBase<BedrockInstrumentationConfig> {
  // Declared without initialisers: the base class's constructor runs the methods that set them, before fields would be.
  declare private resolvedConfig: ResolvedConfig;
  declare private instruments: Instruments;
  declare private owner: Owner;
  declare private openCalls: Set<TracedCall>;
  /** The owners of each `send` that was replaced for this instrumentation. */
  declare private patched: Set<Owner[]>;

  /** @param config Every option has a default; see {@link BedrockInstrumentationConfig}. */
  constructor(config: BedrockInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  protected override init(): InstrumentationModuleDefinition[] {
    // Kept when the base class's `getModuleDefinitions()` runs this again: calls and patches refer to them.
    this.openCalls ??= new Set();
    this.owner ??= this.createOwner();
    this.patched ??= new Set();
    const patch = (moduleExports: ClientModule): ClientModule => {
      this.patch(moduleExports?.Client?.prototype);
      return moduleExports;
    };
    const unpatch = (): void => {
      // Nothing to undo: a disabled instrumentation handles no call, and the SDK's own `send` runs as it is.
    };
    const coreFile = new InstrumentationNodeModuleFile(CORE.file, CORE.versions, patch, unpatch);
    return [
      new InstrumentationNodeModuleDefinition(CORE.name, CORE.versions, undefined, undefined, [coreFile]),
      new InstrumentationNodeModuleDefinition(SMITHY_CLIENT.name, SMITHY_CLIENT.versions, patch, unpatch),
    ];
  }

  override setConfig(config: BedrockInstrumentationConfig): void {
    super.setConfig(config);
    // Not `this._diag`, which the base class's constructor sets only after it has called this.
    const warn = (message: string): void => diag.warn(`${NAME}: ${message}`);
    this.resolvedConfig = resolveConfig(config ?? {}, process.env, warn);
  }

  /** Starts tracing, also with an SDK that was loaded meanwhile or before, and for clients in use. */
  override enable(): void {
    super.enable();
    for (const owners of this.patched) if (!owners.includes(this.owner)) owners.push(this.owner);
    // The base class has asked for hooks, which fire for what is loaded from now on.
    try {
      for (const loaded of loadedModules([CORE.file, SMITHY_CLIENT.file])) {
        this.patch((loaded as ClientModule | undefined)?.Client?.prototype);
      }
    } catch (error) {
      // The application is starting up, and must not fail for this.
      this._diag.error('An AWS SDK that is loaded already cannot be found; use manuallyInstrument()', error);
    }
  }

  /** Stops tracing at once, also for clients in use; spans of streams that are still being read end here. */
  override disable(): void {
    super.disable();
    // What is in the place of the SDK's methods refers to a disabled instrumentation no more.
    for (const owners of this.patched) {
      const at = owners.indexOf(this.owner);
      if (at >= 0) owners.splice(at, 1);
    }
    for (const call of [...this.openCalls]) call.abandon();
  }

  /**
   * Instruments an SDK that Node.js does not load as a module of its own: in applications bundled by esbuild, rollup or
   * webpack. Together with the module hooks there is still one span per call.
   *
   * @param moduleExports `import * as sdk from '@aws-sdk/client-bedrock-runtime'`, or `{ BedrockRuntimeClient }`, which
   *   keeps what the application does not use out of the bundle
   */
  manuallyInstrument(moduleExports: { readonly BedrockRuntimeClient?: { readonly prototype?: object } }): void {
    if (this.patch(moduleExports?.BedrockRuntimeClient?.prototype)) return;
    this._diag.error(
      'manuallyInstrument() was given no BedrockRuntimeClient that can be instrumented; pass the exports of ' +
        "@aws-sdk/client-bedrock-runtime: import * as sdk from '@aws-sdk/client-bedrock-runtime'",
    );
  }

  protected override _updateMetricInstruments(): void {
    this.instruments = createInstruments(this.meter);
  }

  private patch(prototype: object | undefined): boolean {
    try {
      const owners = prototype && patchSend(prototype, this.owner);
      if (owners) this.patched.add(owners);
      return owners !== undefined;
    } catch (error) {
      this._diag.error('The AWS SDK cannot be instrumented', error);
      return false;
    }
  }

  private createOwner(): Owner {
    const reported = new Set<string>();
    const report = (what: string, error: unknown): void => {
      if (reported.has(what)) return;
      reported.add(what);
      try {
        // As text: what a hook or the SDK threw may quote a request header.
        this._diag.error(`${what} (said once)`, errorStack(error) ?? errorMessage(error));
      } catch {
        // The logger is the application's, and there is nobody left to tell.
      }
    };
    return {
      isEnabled: () => this.isEnabled(),
      handle: (wrapper, original, client, command, rest) => {
        if (!isTraced(client)) return undefined;
        const { resolvedConfig: config, instruments, tracer, openCalls } = this;
        if (!instruments.isRecording && isWithoutProvider(tracer)) return undefined;
        const logger = this.logger as EventLogger;
        const environment = { config, instruments, tracer, logger, openCalls, report };
        return traceSend(environment, { wrapper, client, command }, original, rest);
      },
    };
  }
}
