export type {
  BedrockCallInfo,
  BedrockContent,
  BedrockInstrumentationConfig,
  BedrockOperation,
  BedrockRequestInfo,
  BedrockResponseInfo,
  ContentFormat,
} from './config.js';
export type { JsonObject, JsonValue } from './data/json.js';
export { BedrockInstrumentation } from './instrumentation.js';
