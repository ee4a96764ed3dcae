/** Reads docker-compose.yml as Docker Compose does, in the parts that this project's file uses. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

/** The folder of this repository. */
export const ROOT: string = resolve(import.meta.dirname, '../../..');
/** The path of docker-compose.yml. */
export const COMPOSE_FILE: string = join(ROOT, 'docker-compose.yml');

/** A service of the file. */
export interface ComposeService {
  image: string;
  profiles?: string[];
  command?: string | string[];
  entrypoint?: string[];
  restart?: string;
  environment: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string; required?: boolean }>;
  healthcheck?: { test: string[]; retries: number };
  user?: string;
  networks?: string[];
  network_mode?: string;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  tmpfs?: string[];
  mem_limit?: string;
  pids_limit?: number;
}

/** The parts of the file. */
export interface Compose<Name extends string = string> {
  services: Record<Name, ComposeService>;
  volumes: Record<string, null>;
  networks: Record<string, { internal?: boolean } | null>;
}

/** Values of variables, as a user writes them into .env. */
export type Settings = Readonly<Record<string, string>>;

/** The file, with values in place of its variables. */
export function readCompose<Name extends string>(settings: Settings = {}): Compose<Name> {
  return interpolate(parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }), settings) as Compose<Name>;
}

/** The arguments of a `command`, which is a list or a line with spaces. */
export function commandOf({ command = [] }: ComposeService): string[] {
  if (typeof command !== 'string') return command;
  if (/["'\\]/.test(command)) throw new Error(`This reader does not support quotes in a command: ${command}`);
  return command.split(/\s+/).filter((word) => word !== '');
}

function interpolate(node: unknown, settings: Settings): unknown {
  if (typeof node === 'string') return substitute(node, settings);
  if (Array.isArray(node)) return node.map((item) => interpolate(item, settings));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolate(value, settings)]));
}

/**
 * Replaces `${NAME}`, `${NAME:-value if unset or empty}` and `${NAME:+value if set}`, nested too. `$$` is a dollar sign.
 * Source: https://docs.docker.com/reference/compose-file/interpolation.
 */
export function substitute(text: string, settings: Settings): string {
  let result = '';
  for (let at = 0; at < text.length; ) {
    if (text.startsWith('$$', at)) {
      result += '$';
      at += 2;
    } else if (text.startsWith('${', at)) {
      const end = closingBrace(text, at + 2);
      const [, name = '', operator, operand = ''] = /^(\w+)(:[-+])?([\s\S]*)$/.exec(text.slice(at + 2, end)) ?? [];
      if (name === '' || (operator === undefined && operand !== ''))
        throw new Error(`This reader does not support: ${text}`);
      const value = settings[name] ?? '';
      const chosen = { ':-': value || substitute(operand, settings), ':+': value && substitute(operand, settings) };
      result += operator === undefined ? value : chosen[operator as keyof typeof chosen];
      at = end + 1;
    } else {
      result += text[at];
      at += 1;
    }
  }
  return result;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`A brace is not closed: ${text}`);
}
