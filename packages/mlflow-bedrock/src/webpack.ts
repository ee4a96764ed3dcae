/** The plugin for applications that webpack bundles. */

import type { WebpackPluginInstance } from 'webpack';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { plugin } from './bundler/plugin.js';

export type { MlflowBedrockPluginOptions };

/** Returns the plugin for webpack: Bedrock calls of the bundle are traced. */
export const mlflowBedrock: (options?: MlflowBedrockPluginOptions) => WebpackPluginInstance = plugin.webpack;
