/** How content gets into spans, for the packages that record other things than Bedrock calls by the same rules. */

export { type ResolvedConfig, resolveConfig } from './config.js';
export { prepareContent } from './content.js';
export { errorMessage, errorStack } from './errors.js';
export { type JsonValue, toJson } from './json.js';
