import { expect } from 'chai';
import { say } from '../../src/common/shown-text.js';
import { Reporter } from '../../src/export/report/reporter.js';
import { collectDiag } from '../support/diag.js';

describe('what the exporter reports', () => {
  const MINUTE = 60_000;
  let log: ReturnType<typeof collectDiag>;
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  let reporter: Reporter;
  beforeEach(() => {
    log = collectDiag();
    now = 0;
    timers = [];
    const after = (millis: number, callback: () => void): (() => void) => {
      const timer = { at: now + millis, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    };
    reporter = new Reporter({ now: () => now, after });
  });
  const passTime = (millis: number): void => {
    now += millis;
    for (const { callback } of timers.filter(({ at }) => at <= now)) callback();
    timers = timers.filter(({ at }) => at > now);
  };
  afterEach(() => {
    // Keeps the totals of this test out of the end of the process.
    reporter.summarize();
    log.stop();
  });
  const away = { kind: 'retryable', reason: say`MLflow cannot be reached` } as const;
  const refusal = (n: number, status = 400) => ({ kind: 'rejected', status, reason: say`refusal ${n}` }) as const;

  it('is limited for each class, so that no class silences another', () => {
    for (let n = 0; n < 1000; n++) {
      reporter.refusedSpan(say`span`, refusal(n));
      reporter.repairedSpan(say`span`, refusal(n));
      reporter.refusedTraces({ kind: 'unknown', text: `cause ${n}`, reason: say`trace ${n}` }, { traces: 1, spans: 1 });
      reporter.undelivered(1, { kind: 'configuration', status: 403, reason: say`words ${n}` });
      reporter.incomplete(1, refusal(n));
      reporter.partlyTaken(1, say`part ${n}`);
    }
    expect(log.lines).to.have.length(20 + 20 + 20 + 5 + 20 + 20);
    const told = (report: () => void): string[] => {
      log.lines.length = 0;
      report();
      return [...log.lines];
    };
    const cases: [() => void, RegExp][] = [
      [() => reporter.undelivered(3, { kind: 'configuration', status: 401, reason: say`no` }), /^error: no\. 3 spans/],
      [() => reporter.undelivered(3, away), /^error: MLflow cannot be reached\. 3 spans were not delivered\.$/],
      [() => reporter.waiting(3, away), /^warn: MLflow cannot be reached\. 3 spans wait\.$/],
      [() => reporter.incomplete(3, away), /^error: The spans were delivered, but not the trace record/],
      [() => reporter.postponed(3, away), /^warn: 3 trace records could not be sent in time/],
      [() => reporter.refusedSpan(say`span`, refusal(0, 422)), /^warn: MLflow refuses span "span"/],
      [
        () => reporter.refusedTraces({ kind: 'archived', text: '', reason: say`a` }, { traces: 1, spans: 1 }),
        /^error: a\./,
      ],
      [
        () => reporter.dropped(1, 'queue_full', 'Too many wait.'),
        /^error: Too many wait\. 1 span was not delivered\.$/,
      ],
      [() => reporter.dropped(1, 'shut_down', 'Shut down.'), /^error: Shut down\./],
      [() => reporter.faultyFunction('mask', say`mask threw`), /^warn: mask threw$/],
      [() => reporter.faultyFunction('spanFilter', say`spanFilter threw`), /^warn: spanFilter threw$/],
      [() => reporter.leftEmpty(1), /^warn: MLflow shows 1 trace without any span/],
      [() => reporter.note('a note'), /^warn: a note$/],
    ];
    for (const [report, expected] of cases) {
      const lines = told(report);
      expect(lines, String(expected)).to.have.length(1);
      expect(lines[0]).to.match(expected);
    }
  });

  it('has one span and one trace in the singular', () => {
    reporter.waiting(1, away);
    reporter.undelivered(1, { ...away, kind: 'configuration' });
    reporter.arrived();
    reporter.postponed(1, away);
    reporter.incomplete(1, { ...away, kind: 'configuration' });
    reporter.recorded(1);
    reporter.leftEmpty(1);
    expect(log.lines.map((line) => line.replace(/ \d+\.\d s/, ' … s'))).to.deep.equal([
      'warn: MLflow cannot be reached. 1 span waits.',
      'error: MLflow cannot be reached. 1 span was not delivered.',
      'warn: MLflow takes spans again after … s: 1 span was not delivered, 1 waited.',
      'warn: 1 trace record could not be sent in time, it follows with the next export: MLflow cannot be reached.',
      'error: The spans were delivered, but not the trace record: MLflow cannot be reached.',
      'warn: MLflow takes trace records again after … s: 1 trace was left without its record, 1 waited.',
      'warn: MLflow shows 1 trace without any span: its record arrived before an outage, and its spans were lost.',
    ]);
  });

  it('has as many classes as there are kinds, statuses and known codes, whatever a server makes up', () => {
    for (let n = 0; n < 1000; n++)
      reporter.undelivered(1, { ...away, status: 503, errorCode: `MADE_UP_${n}`, reason: say`${n}` });
    expect(log.lines).to.have.length(5);
  });

  it('has few classes, whatever statuses and codes a server makes up', () => {
    for (let status = 200; status < 1000; status++) {
      for (let n = 0; n < 10; n++) {
        reporter.refusedSpan(say`span`, {
          kind: 'rejected',
          status,
          errorCode: `MADE_UP_${n}`,
          reason: say`${status} ${n}`,
        });
      }
    }
    expect(log.lines.length).to.be.below(20 * 30);
  });

  it('is possible again after ten minutes, with the number of reports in between', () => {
    for (let n = 0; n < 30; n++) reporter.refusedSpan(say`span`, refusal(n % 25));
    expect(log.lines).to.have.length(20);
    now = 9 * MINUTE;
    reporter.refusedSpan(say`span`, refusal(24));
    expect(log.lines).to.have.length(20);
    now = 10 * MINUTE;
    reporter.refusedSpan(say`span`, refusal(24));
    reporter.refusedSpan(say`span`, refusal(0));
    expect(log.lines.slice(20)).to.deep.equal([
      'warn: MLflow refuses span "span" (refusal 24), it was dropped. … and 11 more like it.',
      'warn: MLflow refuses span "span" (refusal 0), it was dropped.',
    ]);
  });

  it('is an outage from its first sign to its end, with what it cost', () => {
    const first = reporter.received(10);
    now = 1000;
    reporter.spanRequests.retried(away, 0);
    now = 30_000;
    reporter.undelivered(10, away);
    reporter.settled(first);
    reporter.undelivered(7, away);
    const waiting = [reporter.received(4), reporter.received(5)];
    now = 40_000;
    reporter.spanRequests.retried(away, 0);
    now = 45_000;
    const later = reporter.received(6);
    now = 61_000;
    reporter.arrived();
    for (const received of [...waiting, later]) reporter.settled(received);
    reporter.arrived();
    reporter.summarize();
    expect(log.lines).to.deep.equal([
      'error: MLflow cannot be reached. 10 spans were not delivered.',
      'warn: MLflow takes spans again after 60.0 s: 17 spans were not delivered, 9 waited.',
      'warn: MLflow exporter: 17 spans were not delivered in all.',
    ]);
  });

  it('is each outage, however many there are, with the same cause or another one', () => {
    const causes = [away, { kind: 'configuration', status: 401, reason: say`refuses the credentials` } as const];
    for (let n = 0; n < 100; n++) {
      passTime(MINUTE);
      reporter.undelivered(1, causes[n % 3 === 0 ? 1 : 0] ?? away);
      reporter.arrived();
    }
    expect(log.lines).to.have.length(200);
    expect(log.lines.filter((line) => line.includes('takes spans again'))).to.have.length(100);
  });

  it('is an outage while its requests are still being repeated', () => {
    const [first, second] = [reporter.received(10), reporter.received(4)];
    reporter.spanRequests.retried(away, 0);
    passTime(4999);
    expect(log.lines).to.deep.equal([]);
    passTime(1);
    expect(log.lines.splice(0)).to.deep.equal(['warn: MLflow cannot be reached. 14 spans wait.']);
    passTime(20_000);
    reporter.spanRequests.retried(away, 0);
    reporter.undelivered(10, away);
    reporter.settled(first);
    passTime(3000);
    reporter.spanRequests.answered();
    reporter.arrived();
    reporter.settled(second);
    expect(log.lines).to.deep.equal([
      'error: MLflow cannot be reached. 10 spans were not delivered.',
      'warn: MLflow takes spans again after 28.0 s: 10 spans were not delivered, 14 waited.',
    ]);
  });

  it('is an outage with as many spans as a processor holds', () => {
    const received = reporter.received(512, () => 700);
    reporter.spanRequests.retried(away, 10_000);
    passTime(0);
    reporter.waiting(900, away);
    reporter.settled(received);
    const next = reporter.received(512, () => 1000);
    passTime(60_000);
    reporter.spanRequests.retried(away, 0);
    passTime(60_000);
    reporter.spanRequests.answered();
    reporter.arrived();
    reporter.settled(next);
    expect(log.lines).to.deep.equal([
      'warn: MLflow cannot be reached. 700 spans wait.',
      'warn: MLflow takes spans again after 130.0 s: 0 spans were not delivered, 1000 waited.',
    ]);
  });

  it('is an outage of records while their requests are still being repeated', () => {
    reporter.recordRequests.retried(away, 0);
    passTime(5000);
    reporter.recordRequests.answered();
    reporter.recorded(3);
    expect(log.lines).to.deep.equal([
      'warn: The spans were delivered, but trace records wait: MLflow cannot be reached.',
      'warn: MLflow takes trace records again after 5.0 s: 0 traces were left without their record, 3 waited.',
    ]);
  });

  it('is silent while requests fail for a short time, however often', () => {
    for (let n = 0; n < 100; n++) {
      const received = reporter.received(1);
      reporter.spanRequests.retried(away, 100);
      reporter.recordRequests.retried(away, 100);
      passTime(4800);
      reporter.spanRequests.answered();
      reporter.recordRequests.answered();
      passTime(4800);
      reporter.settled(received);
    }
    const ended = reporter.received(1);
    reporter.spanRequests.retried(away, 0);
    reporter.settled(ended);
    passTime(MINUTE);
    expect(log.lines).to.deep.equal([]);
  });

  it('is bounded if a server comes and goes all the time, and adds up', () => {
    for (let n = 0; n < 1000; n++) {
      reporter.undelivered(2, away);
      reporter.arrived();
      reporter.postponed(1, away);
      reporter.recorded(1);
    }
    expect(log.lines).to.have.length(4 * 40 + 2);
    passTime(10 * MINUTE);
    reporter.arrived();
    reporter.recorded(1);
    expect(log.lines.slice(-2)).to.deep.equal([
      `warn: MLflow takes spans again after 600.0 s: ${2 * (1000 - 40)} spans were not delivered, 0 waited.`,
      `warn: MLflow takes trace records again after 600.0 s: 0 traces were left without their record, ${1000 - 40} waited.`,
    ]);
    reporter.summarize();
    expect(log.lines.at(-1)).to.equal('warn: MLflow exporter: 2000 spans were not delivered in all.');
  });

  it('is each change of the cause, within the budget of each class', () => {
    const unauthorized = { kind: 'configuration', status: 401, reason: say`refuses the credentials` } as const;
    const told = (): string[] =>
      log.lines.splice(0).map((line) => line.replace(/ \d+ spans? (?:was|were) not delivered\./, ''));
    for (const cause of [unauthorized, away, away, unauthorized, unauthorized]) reporter.undelivered(1, cause);
    expect(told()).to.deep.equal([
      'error: refuses the credentials.',
      'error: MLflow cannot be reached.',
      'error: refuses the credentials.',
    ]);
    for (let n = 0; n < 100; n++) reporter.undelivered(1, n % 2 === 0 ? away : unauthorized);
    expect(told()).to.have.length(4 + 3);
    now = 10 * MINUTE;
    for (const cause of [away, unauthorized]) reporter.undelivered(1, cause);
    expect(told()).to.deep.equal([
      'error: MLflow cannot be reached. … and 46 more like it.',
      'error: refuses the credentials. … and 47 more like it.',
    ]);
  });

  it('is an outage of records of its own while spans arrive', () => {
    reporter.postponed(3, away);
    reporter.arrived();
    reporter.incomplete(2, { ...away, status: 503 });
    now = 5000;
    reporter.recorded(1);
    reporter.recorded(1);
    reporter.incomplete(1, { kind: 'rejected', status: 400, reason: say`bad record` });
    reporter.recorded(1);
    reporter.summarize();
    expect(log.lines.map((line) => line.replace(/ \(.*/, ''))).to.deep.equal([
      'warn: 3 trace records could not be sent in time, they follow with the next export: MLflow cannot be reached.',
      'error: The spans were delivered, but not the trace record: MLflow cannot be reached.',
      'warn: MLflow takes trace records again after 5.0 s: 2 traces were left without their record, 3 waited.',
      'error: The spans were delivered, but not the trace record: bad record.',
      'warn: MLflow exporter: 3 traces were left without their record in all.',
    ]);
  });
});
