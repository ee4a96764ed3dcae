/** Sizes of address ranges, to see how much of the internet they cover. */

/** Networks without addresses of the internet: RFC 1918, carrier-grade NAT, loopback, link-local. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'];
// Without leading zeros: some programs read 010 as 8.
const CIDR = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\/(0|[1-9]\d?)$/;

/** Addresses from the first to the last one, both included. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** Whether the text is an IPv4 range such as `10.8.0.0/16`. */
export function isRange(cidr: string): boolean {
  const [, ...numbers] = CIDR.exec(cidr) ?? [];
  const prefix = Number(numbers.pop() ?? Number.NaN);
  return prefix <= 32 && numbers.every((byte) => Number(byte) <= 255);
}

/** The number of addresses of the internet in these ranges together. Addresses in two of them count twice. */
export function publicAddresses(cidrs: readonly string[]): number {
  const unreachable = PRIVATE.map(rangeOf);
  return cidrs.map(rangeOf).reduce((sum, range) => {
    const within = unreachable.reduce((count, other) => count + overlap(range, other), 0);
    return sum + size(range) - within;
  }, 0);
}

function rangeOf(cidr: string): Range {
  const [, a, b, c, d, prefix] = (CIDR.exec(cidr) ?? []).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const length = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = address - (address % length);
  return { first, last: first + length - 1 };
}

function size({ first, last }: Range): number {
  return Math.max(0, last - first + 1);
}

function overlap(one: Range, other: Range): number {
  return size({ first: Math.max(one.first, other.first), last: Math.min(one.last, other.last) });
}
