/** A client of AgentCore whose answers the test writes; everything else is real. */

import * as sdk from '@aws-sdk/client-bedrock-agentcore';
import { type ReceivedRequest, type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { http2Handler } from './compare.js';
import { startTracing, type Tracing, type TracingOptions } from './tracing.js';

export interface AgentCore {
  /** Over HTTP/1.1, which is the default of the SDK. */
  readonly client: sdk.BedrockAgentCoreClient;
  readonly http2: sdk.BedrockAgentCoreClient;
  readonly simulator: Simulator;
  tracing: Tracing;
  /** Sets the answer to all requests of the test. */
  answer(response: SimulatedResponse | ((request: ReceivedRequest) => SimulatedResponse | undefined)): void;
  /** Replaces the tracing of the test. */
  trace(options: TracingOptions): Promise<Tracing>;
}

export function createAgentCoreClient(
  endpoint: string,
  config: sdk.BedrockAgentCoreClientConfig = {},
): sdk.BedrockAgentCoreClient {
  return new sdk.BedrockAgentCoreClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    ...config,
  });
}

/** Starts a simulator for the suite, and tracing and clients for each test. */
export function beforeEachAgentCoreTest(begin: (parts: AgentCore) => void): void {
  let simulator: Simulator;
  let parts: AgentCore | undefined;
  let respond: (request: ReceivedRequest) => SimulatedResponse | undefined;
  before(async () => {
    simulator = await startSimulator({ respond: (request) => respond(request) });
  });
  after(() => simulator.close());
  beforeEach(() => {
    respond = () => undefined;
    const current: AgentCore = {
      client: createAgentCoreClient(simulator.url),
      http2: createAgentCoreClient(simulator.url, http2Handler() as sdk.BedrockAgentCoreClientConfig),
      simulator,
      tracing: startTracing(),
      answer(response) {
        respond = typeof response === 'function' ? response : () => response;
      },
      async trace(options) {
        await current.tracing.close();
        current.tracing = startTracing(options);
        return current.tracing;
      },
    };
    parts = current;
    begin(current);
  });
  afterEach(async () => {
    parts?.client.destroy();
    parts?.http2.destroy();
    await parts?.tracing.close();
  });
}

/** An answer that arrives in pieces. */
export function pieces(
  contentType: string,
  bytes: readonly (string | Uint8Array)[],
  ending: SimulatedResponse['ending'] = 'complete',
): SimulatedResponse {
  return {
    headers: {
      'content-type': contentType,
      'x-amzn-bedrock-agentcore-runtime-session-id': 'session-of-the-bees-0000000000000001',
    },
    events: bytes.map((piece) => Buffer.from(piece as Uint8Array)),
    ending,
  };
}

/** The error that an action throws; undefined if it throws none. */
export async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}
