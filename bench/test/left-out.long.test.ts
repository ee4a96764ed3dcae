import { expect } from 'chai';
import { askOnce } from '../src/child.js';
import type { LeftOutJob, LeftOutReply } from '../src/parts/left-out.js';
import { caseOf, OPERATIONS } from '../src/requests.js';
import { prepareBench } from './support/prepare.js';

describe('parts of the tracing that the benchmark leaves out', function () {
  this.timeout(600_000);
  const folder = prepareBench();

  for (const operation of OPERATIONS) {
    it(`are there, and leave one span for each call of ${operation}`, async () => {
      const measured = await caseOf(operation, folder);
      const effort = { warmUpSeconds: 0, turns: 1, calls: 2 };
      const job: LeftOutJob = { ...effort, variants: ['ours'], leavesOut: true, case: measured };
      // The measured program counts the spans itself, and ends with an error when one is missing.
      const times = await askOnce<LeftOutReply>('left-out', job);
      expect(times).to.include.keys('none', 'ours', 'a, b, e, f and g');
      for (const [name, [time]] of Object.entries(times)) expect(time, name).to.be.above(0);
    });
  }
});
