/** The table of SDKs whose calls are traced: where Node.js loads each, and how its classes are patched. */

import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import { patchOpenAi } from './sdk/openai/patch.js';
import { type Owner, patchClient } from './sdk/patch.js';

/** A class of an SDK, as far as this package needs it. */
export interface BedrockClientClass {
  readonly prototype?: object;
}

/**
 * The classes of the clients whose calls are traced: the exports of one of their packages, or of several; see
 * {@link BedrockInstrumentation.manuallyInstrument}.
 */
export interface BedrockClientExports {
  readonly BedrockRuntimeClient?: BedrockClientClass;
  readonly BedrockAgentRuntimeClient?: BedrockClientClass;
  readonly BedrockAgentCoreClient?: BedrockClientClass;
  readonly OpenAI?: BedrockClientClass;
  readonly BedrockOpenAI?: BedrockClientClass;
}

/** The exports of a module of an SDK. */
export type ModuleExports = Readonly<Record<string, BedrockClientClass | undefined>>;

/** A module that defines the class which an SDK's clients inherit. */
interface SdkModule {
  /** The package. */
  readonly name: string;
  /** The path of an inner file, with the package; absent for the main file. */
  readonly file?: string;
  readonly versions: readonly string[];
}

export interface TracedSdk {
  /** In messages, with its article. */
  readonly name: string;
  readonly modules: readonly SdkModule[];
  /** How the path of a CommonJS module ends that defines the class, with slashes. */
  readonly loadedFrom: readonly string[];
  /** The export of these modules that is the class. */
  readonly base: string;
  /** The classes that an application can pass to `manuallyInstrument()`, each with its package. */
  readonly clients: Readonly<Partial<Record<keyof BedrockClientExports, string>>>;
  /** The method that is replaced, for messages. */
  readonly method: string;
  /** See {@link patchClient}. */
  readonly patch: (prototype: object, owner: Owner) => Owner[][] | undefined;
}

/**
 * The modules define `Client.prototype.send`, which all AWS clients inherit. Since SDK 3.1060 it is in an inner file of
 * `@smithy/core`; before, it is in the main file of `@smithy/smithy-client`. Node.js loads both with `require`, even if an
 * application imports the SDK as an ES module without a loader hook.
 */
const AWS_SDK: TracedSdk = {
  name: 'The AWS SDK',
  modules: [
    { name: '@smithy/core', file: '@smithy/core/dist-cjs/submodules/client/index.js', versions: ['>=3.0.0'] },
    { name: '@smithy/smithy-client', versions: ['>=2.0.0'] },
  ],
  loadedFrom: ['@smithy/core/dist-cjs/submodules/client/index.js', '@smithy/smithy-client/dist-cjs/index.js'],
  base: 'Client',
  clients: {
    BedrockRuntimeClient: '@aws-sdk/client-bedrock-runtime',
    BedrockAgentRuntimeClient: '@aws-sdk/client-bedrock-agent-runtime',
    BedrockAgentCoreClient: '@aws-sdk/client-bedrock-agentcore',
  },
  method: 'send',
  patch: patchClient,
};

/**
 * The main module exports the class, or inherits it. An application that imports it as an ES module has another copy of
 * the class than `require()` returns, so that one needs a loader hook.
 */
const OPENAI_SDK: TracedSdk = {
  name: "OpenAI's SDK",
  modules: [{ name: 'openai', versions: ['>=4.0.0 <8'] }],
  loadedFrom: ['node_modules/openai/index.js'],
  base: 'OpenAI',
  clients: { OpenAI: 'openai', BedrockOpenAI: 'openai' },
  method: 'makeRequest',
  patch: patchOpenAi,
};

export const TRACED_SDKS: readonly TracedSdk[] = [AWS_SDK, OPENAI_SDK];

/**
 * The definitions by which OpenTelemetry's module hooks find an SDK.
 *
 * @param patch gets the class that a module defines.
 */
export function moduleDefinitions(
  { modules, base }: TracedSdk,
  patch: (found: BedrockClientClass | undefined) => void,
): InstrumentationNodeModuleDefinition[] {
  const onLoad = (moduleExports: ModuleExports): ModuleExports => {
    patch(moduleExports?.[base]);
    return moduleExports;
  };
  // Replaced methods stay: without an enabled instrumentation they call the SDK's own.
  const onUnload = (): void => undefined;
  return modules.map(({ name, file, versions }) => {
    if (file === undefined) return new InstrumentationNodeModuleDefinition(name, [...versions], onLoad, onUnload);
    const inner = new InstrumentationNodeModuleFile(file, [...versions], onLoad, onUnload);
    return new InstrumentationNodeModuleDefinition(name, [...versions], undefined, undefined, [inner]);
  });
}
