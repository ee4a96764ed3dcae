export type {
  BedrockCallInfo,
  BedrockContent,
  BedrockInstrumentationConfig,
  BedrockOperation,
  BedrockRequestInfo,
  BedrockResponseInfo,
  ContentFormat,
} from './config.js';
export { BedrockInstrumentation } from './instrumentation.js';
export type { JsonObject, JsonValue } from './json.js';
