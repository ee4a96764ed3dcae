import {
  InstrumentationBase,
  type InstrumentationModuleDefinition,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import type { TracedCall } from './call.js';
import { type BedrockInstrumentationConfig, type ResolvedConfig, resolveConfig } from './config.js';
import type { EventLogger } from './events.js';
import { createInstruments, type Instruments } from './metrics.js';
import { type Owner, patchSend } from './patch.js';
import { isTraced, traceSend } from './trace-send.js';
import { VERSION } from './version.js';

const NAME = 'opentelemetry-instrumentation-bedrock';

/**
 * The modules whose `Client.prototype.send` all AWS clients inherit. Inner files, because those are seen by Node's
 * `require` even when an application imports the SDK as an ES module without a loader hook.
 */
const CLIENT_MODULES: readonly (readonly [name: string, versions: string, file: string])[] = [
  // SDK 3.1060 and later.
  ['@smithy/core', '>=3.0.0', '@smithy/core/dist-cjs/submodules/client/index.js'],
  // Before.
  ['@smithy/smithy-client', '>=2.0.0', '@smithy/smithy-client/dist-cjs/index.js'],
];

interface ClientModule {
  readonly Client?: { readonly prototype?: object };
}

/**
 * Traces calls of `@aws-sdk/client-bedrock-runtime`: Converse, ConverseStream, InvokeModel and
 * InvokeModelWithResponseStream, each as one CLIENT span with GenAI attributes, token usage and conversation.
 *
 * Register it before the SDK is loaded, like any OpenTelemetry instrumentation; for bundled applications see
 * {@link BedrockInstrumentation.manuallyInstrument}. It never throws into the application and never changes what a
 * call returns.
 */
export class BedrockInstrumentation extends InstrumentationBase<BedrockInstrumentationConfig> {
  // Declared without initialisers: the base class's constructor runs the methods that set them, before fields would be.
  declare private resolvedConfig: ResolvedConfig;
  declare private instruments: Instruments;
  declare private owner: Owner;
  declare private openCalls: Set<TracedCall>;

  /** @param config Every option has a default; see {@link BedrockInstrumentationConfig}. */
  constructor(config: BedrockInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  protected override init(): InstrumentationModuleDefinition[] {
    this.openCalls = new Set();
    this.owner = this.createOwner();
    return CLIENT_MODULES.map(([name, versions, file]) => {
      const patchFile = new InstrumentationNodeModuleFile(
        file,
        [versions],
        (moduleExports: ClientModule) => {
          const prototype = moduleExports.Client?.prototype;
          if (prototype) patchSend(prototype, this.owner);
          return moduleExports;
        },
        () => {
          // Nothing to undo: a disabled instrumentation handles no call, and the SDK's own `send` runs as it is.
        },
      );
      return new InstrumentationNodeModuleDefinition(name, [versions], undefined, undefined, [patchFile]);
    });
  }

  override setConfig(config: BedrockInstrumentationConfig): void {
    super.setConfig(config);
    this.resolvedConfig = resolveConfig(config ?? {}, process.env, (message) => this._diag.warn(message));
  }

  /** Stops tracing at once, also for clients in use; spans of streams that are still being read end here. */
  override disable(): void {
    super.disable();
    for (const call of [...this.openCalls]) call.abandon();
  }

  /**
   * Instruments an SDK that no module hook sees: in applications bundled by esbuild, rollup or webpack, or when the SDK
   * was loaded before this instrumentation. Together with the module hooks there is still one span per call.
   *
   * @param moduleExports `import * as sdk from '@aws-sdk/client-bedrock-runtime'`
   */
  manuallyInstrument(moduleExports: { readonly BedrockRuntimeClient?: { readonly prototype?: object } }): void {
    const prototype = moduleExports?.BedrockRuntimeClient?.prototype;
    if (!prototype) {
      this._diag.error(
        'manuallyInstrument() was given no BedrockRuntimeClient; pass the exports of @aws-sdk/client-bedrock-runtime: ' +
          "import * as sdk from '@aws-sdk/client-bedrock-runtime'",
      );
      return;
    }
    patchSend(prototype, this.owner);
  }

  protected override _updateMetricInstruments(): void {
    this.instruments = createInstruments(this.meter);
  }

  private createOwner(): Owner {
    const reported = new Set<string>();
    const report = (what: string, error: unknown): void => {
      if (reported.has(what)) return;
      reported.add(what);
      this._diag.error(`${what} (said once)`, error);
    };
    return {
      isEnabled: () => this.isEnabled(),
      handle: (original, client, command, rest) => {
        if (!isTraced(client)) return undefined;
        const { resolvedConfig: config, instruments, tracer, openCalls } = this;
        const logger = this.logger as EventLogger;
        return {
          result: traceSend(
            { config, instruments, tracer, logger, openCalls, report },
            original,
            client,
            command,
            rest,
          ),
        };
      },
    };
  }
}
