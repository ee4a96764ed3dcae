import { readdirSync, readFileSync } from 'node:fs';

/** One process as `/proc/<pid>/stat` has it. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** User and system time of the process and of its children that have ended, in clock ticks. */
  readonly ticks: number;
}

/** Linux counts these times in hundredths of a second, whatever its kernel's own clock is. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of all processes that `belongs` chooses; `undefined` where there is no `/proc`. */
export function cpuSeconds(belongs: (process: ProcessTimes) => boolean): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const chosen = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readTimes(pid))
    .filter(belongs);
  return chosen.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

function readTimes(pid: string): ProcessTimes[] {
  try {
    return [parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))];
  } catch {
    // It has ended since the folder was listed.
    return [];
  }
}

/** Reads one line of `/proc/<pid>/stat`, whose second field is the program's name in brackets, with any characters. */
export function parseStat(line: string): ProcessTimes {
  const afterName = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => afterName[number - 3] ?? 0;
  // Numbers as in proc(5): ppid 4, pgrp 5, utime 14, stime 15, cutime 16, cstime 17.
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { pid: Number.parseInt(line, 10), parent: field(4), group: field(5), ticks };
}
