import { expect } from 'chai';
import { createRoom } from '../../src/common/room.js';
import { runningTime } from '../../src/common/running-time.js';
import { createTurns } from '../../src/common/waiting.js';

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

describe('room', () => {
  it('is taken in the order of the calls, and never more than there is', async () => {
    const room = createRoom(1);
    const order: string[] = [];
    const later = runningTime() + 1000;
    expect(await room.take(1, later)).to.equal(true);
    const second = room.take(1, later).then(() => order.push('second'));
    const third = room.take(1, later).then(() => order.push('third'));
    room.free(1);
    await second;
    expect(order).to.deep.equal(['second']);
    room.free(1);
    await third;
    room.free(1);
    expect(await room.take(1, later)).to.equal(true);
  });

  it('is not given to a caller that waited too long', async () => {
    const room = createRoom(1);
    await room.take(1, runningTime() + 1000);
    expect(await room.take(1, runningTime() + 5)).to.equal(false);
    room.free(1);
    expect(await room.take(1, runningTime() + 1000)).to.equal(true);
  });
});
