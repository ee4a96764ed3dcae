/** The loader with which Next.js, under Turbopack and under webpack, hands the SDKs of a bundle over and starts tracing. */

import { handOver, SDK_MODULE } from './bundler/hand-over.js';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { isForBrowser, startTracing } from './bundler/start.js';

/** The part of a loader's context that is used here. Turbopack has it, too. */
interface LoaderContext {
  readonly resourcePath: string;
  getOptions(): MlflowBedrockPluginOptions;
  callback(error: null, code: string, sourceMap?: unknown): void;
}

const START = 'mlflow-bedrock/next/start';

/** Called by Next.js with the code of each module. `withMlflowBedrock` adds it to the configuration. */
export default function loader(this: LoaderContext, code: string, sourceMap?: unknown): void {
  this.callback(null, transform(code, this.resourcePath, this.getOptions().register ?? true), sourceMap);
}

function transform(code: string, file: string, isStart: boolean): string {
  if (!SDK_MODULE.test(file)) return isStart && !isForBrowser(code) ? startTracing(code, START) : code;
  const handedOver = handOver(code);
  if (handedOver === undefined) return code;
  return isStart ? startTracing(handedOver, START) : handedOver;
}
