/** Clients of a service whose answers the test writes; everything else is real. */

import { type ReceivedRequest, type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { startTracing, type Tracing, type TracingOptions } from './tracing.js';

/** What every client of a test is made with. */
export const CLIENT_CONFIG = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

export interface ServiceTest {
  readonly simulator: Simulator;
  tracing: Tracing;
  /** Sets the answer to all requests of the test. */
  answer(response: SimulatedResponse | ((request: ReceivedRequest) => SimulatedResponse | undefined)): void;
  /** Replaces the tracing of the test. */
  trace(options: TracingOptions): Promise<Tracing>;
}

interface TestClients {
  readonly client: { destroy(): void };
  readonly http2?: { destroy(): void };
}

/** Starts a simulator for the suite, and tracing and clients for each test. */
export function beforeEachServiceTest<Clients extends TestClients>(
  createClients: (endpoint: string) => Clients,
  begin: (parts: ServiceTest & Clients) => void,
): void {
  let simulator: Simulator;
  let clients: Clients | undefined;
  let parts: ServiceTest | undefined;
  let respond: (request: ReceivedRequest) => SimulatedResponse | undefined;
  before(async () => {
    simulator = await startSimulator({ respond: (request) => respond(request) });
  });
  after(() => simulator.close());
  beforeEach(() => {
    respond = () => undefined;
    clients = createClients(simulator.url);
    const current: ServiceTest & Clients = {
      ...clients,
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
    clients?.client.destroy();
    clients?.http2?.destroy();
    await parts?.tracing.close();
  });
}
