import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { withLock } from '../src/lock.js';

describe('withLock', () => {
  it('lets one piece of work run at a time, and logs that the other one waits', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lock-test-'));
    const events: string[] = [];
    const work = (name: string): Promise<void> =>
      withLock(
        join(directory, 'lock'),
        (line) => events.push(line),
        async () => {
          events.push(`${name} starts`);
          await new Promise((resolve) => setTimeout(resolve, 50));
          events.push(`${name} ends`);
        },
      );
    const first = work('first');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all([first, work('second')]);
    rmSync(directory, { recursive: true });
    expect(events).to.deep.equal([
      'first starts',
      'Waiting for another process that installs the same',
      'first ends',
      'second starts',
      'second ends',
    ]);
  });
});
