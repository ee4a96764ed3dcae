/** The plugin for applications that Rollup bundles. */

import type { Plugin } from 'rollup';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { plugin } from './bundler/plugin.js';

export type { MlflowBedrockPluginOptions };

/** Returns the plugin for Rollup: Bedrock calls of the bundle are traced. */
export const mlflowBedrock: (options?: MlflowBedrockPluginOptions) => Plugin[] = plugin.rollup;
