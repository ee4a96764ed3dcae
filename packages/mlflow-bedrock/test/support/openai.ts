/** Programs that call Bedrock through OpenAI's SDK. */

import { expect } from 'chai';
import type { MlflowTrace } from 'opentelemetry-exporter-mlflow';
import type { Programs } from './programs.js';

/** The environment of an application that reaches Bedrock through a gateway, which is the simulator. */
export function openAiEnvironment(programs: Programs): NodeJS.ProcessEnv {
  const { url } = programs.simulator();
  return {
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: `${url}/openai/v1`,
    AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
    OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: new URL(url).host,
  };
}

/** Expects a trace of one call, whose tokens have a price. */
export function expectOneCall({ info, spans }: MlflowTrace): void {
  expect(spans.map(({ name }) => name)).to.deep.equal(['chat openai.gpt-oss-20b-1:0']);
  expect(info.state).to.equal('OK');
  expect(info.tokenUsage?.totalTokens).to.be.greaterThan(0);
  expect(info.cost?.totalCost).to.be.greaterThan(0);
}
