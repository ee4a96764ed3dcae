import { expect } from 'chai';
import { failuresOf, formatResult, type SoakResult } from '../soak/result.js';
import { runSoak } from '../soak/run.js';

const GOOD: SoakResult = {
  options: { calls: 100_000, concurrency: 16, seed: 7 },
  seconds: 400,
  callsWhileEnabled: 98_000,
  spansStarted: 98_000,
  spansEnded: 98_000,
  spansEndedTwice: 0,
  openStreams: 0,
  heap: [24, 25, 26, 25.5],
  kinds: 500,
  differences: 0,
  examples: [],
  unhandledRejections: [],
  diagnostics: [],
  warnings: [],
  leftovers: [],
};

describe('soak', () => {
  it('passes all checks with 2,000 calls, faults, breaks and aborts', async function () {
    this.timeout(120_000);
    const result = await runSoak({ calls: 2000, concurrency: 16, seed: 1 }, () => undefined);
    expect(failuresOf(result), formatResult(result)).to.deep.equal([]);
    expect(result.callsWhileEnabled).to.be.within(1000, 2000);
  });

  it('shows its figures as a table', () => {
    expect(formatResult(GOOD)).to.equal(
      [
        '100,000 calls of 500 kinds, 16 at once, seed 7, 400 s',
        'spans started / ended             98,000 / 98,000                    holds',
        'calls while enabled               98,000                             holds',
        'open streams                      0                                  holds',
        'used heap at 25, 50, 75, 100%     24.0, 25.0, 26.0, 25.5 MiB (+1.5)  holds',
        'outcomes unlike those without it  0                                  holds',
        'unhandled rejections              0                                  holds',
        'diag warnings and errors          0                                  holds',
        'warnings of Node.js               0                                  holds',
        'handles left                      0                                  holds',
      ].join('\n'),
    );
  });

  const BROKEN: readonly (readonly [Partial<SoakResult>, string])[] = [
    [{ spansEnded: 97_997 }, '3 spans were started and never ended.'],
    [{ spansEnded: 98_001, spansEndedTwice: 1 }, '1 spans were ended more than once.'],
    [
      { callsWhileEnabled: 98_001 },
      '98,001 calls were made while the instrumentation was enabled, but 98,000 spans were started.',
    ],
    [{ openStreams: 2 }, '2 streams are still taken for open.'],
    [
      { heap: [24, 26, 28, 30] },
      'The used heap grew by 6.0 MiB from a quarter of the calls to all of them; 4 MiB are allowed.',
    ],
    [
      { differences: 1, examples: ['Converse, read: 1 instead of 2'] },
      '1 calls gave the application something else than without the instrumentation:\n  Converse, read: 1 instead of 2',
    ],
    [{ unhandledRejections: ['Error: x'] }, 'Promises were rejected and nobody handled it: Error: x.'],
    [{ diagnostics: ['it broke'] }, 'The instrumentation logged: it broke.'],
    [{ warnings: ['too many listeners'] }, 'Node.js warned: too many listeners.'],
    [
      { leftovers: ['TCPSocketWrap'] },
      'With clients destroyed and the server closed, the process did not end by itself: TCPSocketWrap.',
    ],
  ];
  for (const [broken, sentence] of BROKEN) {
    it(`reports: ${sentence.split('\n')[0]}`, () => {
      expect(failuresOf({ ...GOOD, ...broken })).to.deep.equal([sentence]);
    });
  }
});
