import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { createClient, startTracing, type Tracing } from './tracing.js';

export interface Simulation {
  /** Shared by the whole suite. */
  simulator: Simulator;
  /** New for each test, like the client. */
  tracing: Tracing;
  client: BedrockRuntimeClient;
}

/** Starts a simulator for the suite, and tracing and a client for each test. */
export function beforeEachTest(begin: (parts: Simulation) => void): void {
  let parts: Simulation | undefined;
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  beforeEach(() => {
    parts = { simulator, tracing: startTracing(), client: createClient(simulator.url) };
    begin(parts);
  });
  afterEach(async () => {
    parts?.client.destroy();
    await parts?.tracing.close();
  });
}
