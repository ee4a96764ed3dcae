/** The examples that ask an agent for the weather in two cities, and then stream an answer. */

import { expect } from 'chai';
import type { MlflowTrace } from 'opentelemetry-exporter-mlflow';
import type { ExampleName } from 'testing/examples.js';
import { type ExampleRun, runExample } from '../run-example.js';

export interface WeatherAgentRun {
  readonly run: ExampleRun;
  readonly agent: MlflowTrace;
  readonly stream: MlflowTrace;
}

export async function runWeatherAgent(example: ExampleName): Promise<WeatherAgentRun> {
  const run = await runExample([example]);
  expect(run.code, run.output).to.equal(0);
  expect(run.traces, run.output).to.have.length(2);
  const [agent, stream] = run.traces as [MlflowTrace, MlflowTrace];
  return { run, agent, stream };
}

/** Expects the output of both tool runs and of both answers. */
export function expectWeatherAnswers({ output }: ExampleRun): void {
  expect(output).to.match(/get_weather\(Paris\) -> light rain.*\n.*get_weather\(Tokyo\) -> sunny/);
  expect(output).to.match(/^Here is what I found\. .*light rain.*sunny/m);
  expect(output).to.match(/^The capital of France is Paris\./m);
}
