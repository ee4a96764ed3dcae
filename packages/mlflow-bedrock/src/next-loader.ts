/** The loader with which Next.js, under Turbopack and under webpack, hands the SDKs of a bundle over and starts tracing. */

import { handOver } from './bundler/hand-over.js';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { startTracing } from './bundler/start.js';

/** The part of a loader's context that is used here. Turbopack has it, too. */
interface LoaderContext {
  getOptions(): MlflowBedrockPluginOptions;
  callback(error: null, code: string, sourceMap?: unknown): void;
}

const START = 'mlflow-bedrock/next/start';

export default function loader(this: LoaderContext, code: string, sourceMap?: unknown): void {
  const handedOver = handOver(code);
  const isStart = handedOver !== undefined && (this.getOptions().register ?? true);
  this.callback(null, isStart ? startTracing(handedOver, START) : (handedOver ?? code), sourceMap);
}
