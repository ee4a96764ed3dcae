import { readdirSync, readFileSync } from 'node:fs';

/** One process as `/proc/<pid>/stat` describes it. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of the process and of its children that have ended, in clock ticks. */
  readonly ticks: number;
}

/** Linux reports these times in hundredths of a second, whatever the clock of its kernel is. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a process and all of its descendants; `undefined` on a system without `/proc`. */
export function cpuSeconds(root: number | undefined): number | undefined {
  if (process.platform !== 'linux' || root === undefined) return undefined;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readTimes(pid));
  const ticksOf = (wanted: number): number => {
    const own = all.find(({ pid }) => pid === wanted)?.ticks ?? 0;
    const children = all.filter(({ parent }) => parent === wanted);
    return children.reduce((sum, child) => sum + ticksOf(child.pid), own);
  };
  return ticksOf(root) / TICKS_PER_SECOND;
}

function readTimes(pid: string): ProcessTimes[] {
  try {
    return [parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))];
  } catch {
    // The process has ended since the folder was listed.
    return [];
  }
}

/** Reads one line of `/proc/<pid>/stat`. Its second field is the program's name in brackets, with any characters. */
export function parseStat(line: string): ProcessTimes {
  const afterName = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => afterName[number - 3] ?? 0;
  // Numbers as in proc(5): ppid 4, utime 14, stime 15, cutime 16, cstime 17.
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { pid: Number.parseInt(line, 10), parent: field(4), ticks };
}
