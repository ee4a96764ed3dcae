export type { BedrockInstrumentationConfig } from './config.js';
export type { JsonObject, JsonValue } from './data/json.js';
export type {
  BedrockCallInfo,
  BedrockContent,
  BedrockOperation,
  BedrockRequestInfo,
  BedrockResponseInfo,
  ContentFormat,
} from './data/settings.js';
export { BedrockInstrumentation } from './instrumentation.js';
export type { BedrockClientClass, BedrockClientExports } from './sdks.js';
