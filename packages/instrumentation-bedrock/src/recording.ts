/** How content gets into spans, for the packages that record other things than Bedrock calls by the same rules. */

export { resolveConfig } from './config.js';
export { errorType } from './data/error-type.js';
export { errorMessage, errorStack } from './data/errors.js';
export { type JsonValue, toJson } from './data/json.js';
export type { ResolvedConfig } from './data/settings.js';
export { prepareContent } from './span/content.js';
