/** A client of AgentCore whose answers the test writes; everything else is real. */

import * as sdk from '@aws-sdk/client-bedrock-agentcore';
import type { SimulatedResponse } from 'bedrock-simulator';
import { http2Handler } from './compare.js';
import { beforeEachServiceTest, CLIENT_CONFIG, type ServiceTest } from './service.js';

export interface AgentCore extends ServiceTest {
  /** Over HTTP/1.1, which is the default of the SDK. */
  readonly client: sdk.BedrockAgentCoreClient;
  readonly http2: sdk.BedrockAgentCoreClient;
}

export function createAgentCoreClient(
  endpoint: string,
  config: sdk.BedrockAgentCoreClientConfig = {},
): sdk.BedrockAgentCoreClient {
  return new sdk.BedrockAgentCoreClient({ ...CLIENT_CONFIG, endpoint, ...config });
}

export function beforeEachAgentCoreTest(begin: (parts: AgentCore) => void): void {
  beforeEachServiceTest(
    (endpoint) => ({
      client: createAgentCoreClient(endpoint),
      http2: createAgentCoreClient(endpoint, http2Handler() as sdk.BedrockAgentCoreClientConfig),
    }),
    begin,
  );
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
