import { readFileSync } from 'node:fs';
import type { FileFacts } from '../model/facts.js';

/** Text that minified code of the SDK still has. */
const SDKS: Readonly<Record<string, RegExp>> = {
  '@aws-sdk/client-bedrock-runtime': /serviceId[^\n]{0,40}["'`]Bedrock Runtime["'`]/,
  '@aws-sdk/client-bedrock-agent-runtime': /serviceId[^\n]{0,40}["'`]Bedrock Agent Runtime["'`]/,
  '@aws-sdk/client-bedrock-agentcore': /serviceId[^\n]{0,40}["'`]Bedrock AgentCore["'`]/,
  openai: /OPENAI_API_KEY[^\n]{0,200}apiKey/,
  '@anthropic-ai/bedrock-sdk': /\bAnthropicBedrock\b[^\n]{0,40}extends/,
};
/** Shorter files are written by hand. */
const MIN_BUNDLE_LENGTH = 30_000;
/** The statement of the bundler plugins, also minified or compiled for older engines. */
const HAND_OVER = /opentelemetry-instrumentation-bedrock\.sdks\.v1[\s\S]{0,120}?\.push\(\{\s*(?:Client|OpenAI)\b/;
const TRACING = /mlflow-bedrock|manuallyInstrument|BedrockInstrumentation/;

/** Looks at the text of the application's file. */
export function lookAtFile(file: string): FileFacts {
  const text = readFileSync(file, 'utf8');
  const bundledSdks = text.length < MIN_BUNDLE_LENGTH ? [] : Object.keys(SDKS).filter((name) => SDKS[name]?.test(text));
  return { file, bundledSdks, handsOver: HAND_OVER.test(text), mentionsTracing: TRACING.test(text) };
}
