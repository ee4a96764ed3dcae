import { collectDiag } from './diag.js';
import { type Answer, type LocalServer, type ReceivedRequest, startLocalServer } from './local-server.js';

export interface EachTest {
  /** What the exporter logs during a test. */
  log: { readonly lines: string[] };
  /** Called after the test, the last one first. */
  closing: (() => Promise<void> | void)[];
  /** A server for this test. */
  startServer(answer?: (request: ReceivedRequest) => Answer | undefined): Promise<LocalServer>;
}

/** Gives each test of a suite its own log, and closes what the test has opened. */
export function eachTest(): EachTest {
  let diag: ReturnType<typeof collectDiag>;
  const closing: EachTest['closing'] = [];
  beforeEach(() => {
    diag = collectDiag();
  });
  afterEach(async () => {
    diag.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    log: {
      get lines() {
        return diag.lines;
      },
    },
    closing,
    async startServer(answer) {
      const server = await startLocalServer(answer);
      closing.push(server.close);
      return server;
    },
  };
}
