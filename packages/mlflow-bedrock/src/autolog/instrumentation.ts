import { BedrockInstrumentation, type BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { setContentConfig } from '../current-trace/content-config.js';
import { state } from '../current-trace/process-state.js';
import { hookOpenAiModules } from './openai-modules.js';
import type { AutologOptions } from './options.js';

/** Instruments Bedrock calls with the content options, which hold for traced functions, too. */
export function createInstrumentation(options: AutologOptions): BedrockInstrumentation {
  const {
    captureMessageContent,
    contentHook,
    contentFormats,
    maxContentLength,
    maxMediaBytes,
    maxEmbeddingLength,
    maxRecordLength,
    recordStreamEvents,
    openAIHosts,
  } = options;
  const content: BedrockInstrumentationConfig = {
    ...(captureMessageContent !== undefined && { captureMessageContent }),
    ...(contentHook && { contentHook }),
    ...(contentFormats && { contentFormats }),
    ...(maxContentLength !== undefined && { maxContentLength }),
    ...(maxMediaBytes !== undefined && { maxMediaBytes }),
    ...(maxEmbeddingLength !== undefined && { maxEmbeddingLength }),
    ...(maxRecordLength !== undefined && { maxRecordLength }),
    ...(recordStreamEvents !== undefined && { recordStreamEvents }),
  };
  hookOpenAiModules();
  state.sensitiveHeaders = options.sensitiveHeaders;
  // The instrumentation itself warns of values that it does not know.
  setContentConfig(resolveConfig(content, process.env, () => undefined));
  return new BedrockInstrumentation({ ...content, ...(openAIHosts && { openAIHosts }) });
}
