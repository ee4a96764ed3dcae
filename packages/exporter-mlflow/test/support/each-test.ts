import { collectDiag } from './diag.js';
import { type Answer, type LocalServer, type ReceivedRequest, startLocalServer } from './local-server.js';

export interface EachTest {
  /** What the exporter logs during a test. */
  log: { readonly lines: string[] };
  /** Closed when the test is over, the last first. */
  closing: (() => Promise<void> | void)[];
  /** A server for this test. */
  startServer(answer?: (request: ReceivedRequest) => Answer | undefined): Promise<LocalServer>;
}

/** What each test of this suite has: a log of its own, and an end to what it began. */
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
