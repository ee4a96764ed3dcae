import { expect } from 'chai';
import { runningTime } from '../src/common/running-time.js';
import { createTurns } from '../src/common/waiting.js';
import { createSlots } from '../src/http/slots.js';

describe('turns', () => {
  it('are turns of the event loop, one for each caller', async () => {
    const nextTurn = createTurns();
    let turn = 0;
    let isDone = false;
    const count = (): void => {
      turn += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const seen: number[] = [];
    await Promise.all(Array.from({ length: 5 }, () => nextTurn().then(() => seen.push(turn))));
    isDone = true;
    expect(new Set(seen).size).to.equal(5);
  });
});

describe('slots', () => {
  it('are taken in the order of the calls, and never more than exist', async () => {
    const slots = createSlots(1);
    const order: string[] = [];
    const later = runningTime() + 1000;
    expect(await slots.take(later)).to.equal(true);
    const second = slots.take(later).then(() => order.push('second'));
    const third = slots.take(later).then(() => order.push('third'));
    slots.free();
    await second;
    expect(order).to.deep.equal(['second']);
    slots.free();
    await third;
    slots.free();
    expect(await slots.take(later)).to.equal(true);
  });

  it('are not given to a caller that waited too long', async () => {
    const slots = createSlots(1);
    await slots.take(runningTime() + 1000);
    expect(await slots.take(runningTime() + 5)).to.equal(false);
    slots.free();
    expect(await slots.take(runningTime() + 1000)).to.equal(true);
  });
});
