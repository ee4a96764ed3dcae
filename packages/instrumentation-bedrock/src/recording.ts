/** The rules by which content and errors are recorded, for packages that record more than Bedrock calls. */

export { MessagesRecord } from './call/messages-record.js';
export { resolveConfig } from './config.js';
export { endpointOfUrl, priceListOf } from './data/bedrock-hosts.js';
export { limitFailureText } from './data/cut.js';
export { errorType } from './data/error-type.js';
export { errorMessage, errorOrigin, errorStack } from './data/errors.js';
export { type JsonObject, type JsonValue, parseJson, type ToJsonOptions, toJson } from './data/json.js';
export { stringify } from './data/numbers.js';
export type { ResolvedConfig } from './data/settings.js';
export { stringifyWithin } from './data/shrink.js';
export { processContent, setProcessContent } from './process-content.js';
export { noteTraces } from './sdk/unseen/watch.js';
export { prepareContent } from './span/content.js';
