/** The plugin for applications that Rolldown bundles. */

import type { MlflowBedrockPluginOptions } from './bundler/options.js';
import { plugin } from './bundler/plugin.js';

export type { MlflowBedrockPluginOptions };

// The package has no CommonJS types, so those of the ES module serve both builds.
type Plugin = import('rolldown', { with: { 'resolution-mode': 'import' }}).Plugin;

/** Returns the plugin for Rolldown: Bedrock calls of the bundle are traced. */
export const mlflowBedrock: (options?: MlflowBedrockPluginOptions) => Plugin[] = plugin.rolldown;
