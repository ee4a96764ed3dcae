/** Clients of Anthropic's SDK, whose spans `examples/test/frameworks-anthropic-spans.test.ts` checks. */

import { AnthropicBedrock, AnthropicBedrockMantle } from '@anthropic-ai/bedrock-sdk';
import { anthropicMiddleware } from 'mlflow-bedrock';

export const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';

const credentials = { awsRegion: 'us-east-1', awsAccessKey: 'test' };

export function client(baseURL: string, middleware: readonly (typeof anthropicMiddleware)[] = [anthropicMiddleware]) {
  return new AnthropicBedrock({ ...credentials, awsSecretKey: 'test', baseURL, middleware });
}

export function mantleClient(baseURL: string, fetch: typeof globalThis.fetch = globalThis.fetch) {
  return new AnthropicBedrockMantle({
    ...credentials,
    awsSecretAccessKey: 'test',
    baseURL,
    fetch,
    middleware: [anthropicMiddleware],
  });
}
