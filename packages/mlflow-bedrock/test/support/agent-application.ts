/** An application that asks a Bedrock agent, whose answers come from the simulator. */

import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { trace } from '@opentelemetry/api';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { startSimulator } from 'bedrock-simulator';
import { BedrockInstrumentation, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { agentTurn, EXPECTED, type TurnOptions } from './agent-turn.js';
import { recordSpans } from './spans.js';

export interface AgentApplication {
  /** Asks the agent and returns its answer. */
  ask(): Promise<string>;
  /**
   * Runs `run` with a provider of its own, and exports its spans.
   *
   * @param batchSize the most spans of one export. Default: that of OpenTelemetry.
   * @returns the ids of its traces as MLflow names them
   */
  trace(
    run: () => Promise<unknown>,
    turn: TurnOptions,
    exporter: MlflowSpanExporterConfig,
    batchSize?: number,
  ): Promise<string[]>;
  close(): Promise<void>;
}

export async function startAgentApplication(): Promise<AgentApplication> {
  let current: TurnOptions = { start: Date.now() };
  const simulator = await startSimulator({ respond: () => ({ events: agentTurn(current) }) });
  const instrumentation = new BedrockInstrumentation();
  instrumentation.manuallyInstrument(sdk);
  const client = new sdk.BedrockAgentRuntimeClient({
    region: 'us-east-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    async ask() {
      const command = new sdk.InvokeAgentCommand({
        agentId: 'HARBOUR001',
        agentAliasId: 'ALIASMAIN1',
        sessionId: EXPECTED.session,
        inputText: EXPECTED.question,
        enableTrace: true,
      });
      const { completion } = await client.send(command);
      let text = '';
      for await (const { chunk } of completion ?? []) text += Buffer.from(chunk?.bytes ?? []).toString();
      return text;
    },
    async trace(run, turn, exporter, batchSize) {
      current = turn;
      const options = batchSize === undefined ? {} : { maxExportBatchSize: batchSize };
      const recording = recordSpans(new BatchSpanProcessor(new MlflowSpanExporter(exporter), options));
      instrumentation.setTracerProvider(trace.getTracerProvider());
      await run();
      const ids = new Set(recording.spans().map((span) => `tr-${span.spanContext().traceId}`));
      await recording.stop();
      return [...ids];
    },
    async close() {
      client.destroy();
      instrumentation.disable();
      await simulator.close();
    },
  };
}
