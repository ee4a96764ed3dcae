/** The plugin for applications that esbuild bundles. */

import type { Plugin } from 'esbuild';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { plugin } from './bundler/plugin.js';

export type { MlflowBedrockPluginOptions };

/** Returns the plugin for esbuild: Bedrock calls of the bundle are traced. */
export const mlflowBedrock: (options?: MlflowBedrockPluginOptions) => Plugin = plugin.esbuild;
