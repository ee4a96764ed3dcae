import { parse } from 'shell-quote';
import type { Block } from './blocks.js';

/** One command of a block, without its redirections. */
export interface Command {
  readonly page: string;
  readonly number: number;
  /** The program and its arguments. Empty for lines that only set variables. */
  readonly words: readonly string[];
  /** The variables that the command sets for itself or for the programs after it, not for the block. */
  readonly sets: readonly string[];
}

const ASSIGNMENT = /^[A-Za-z_]\w*(?==)/;

/** Stands before the file name of a redirection, so that it is not taken for a command. */
const REDIRECTED = '>';
const FUNCTION = /^(\w+)\(\) \{/;

/** The commands of a block in the language `sh`, in their order, without functions of the block itself. */
export function commandsOf({ page, lines }: Block): Command[] {
  const functions = lines.flatMap(({ text }) => FUNCTION.exec(text)?.[1] ?? []);
  const used = new Set(lines.flatMap(({ text }) => [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name)));
  const commands: Command[] = [];
  let open: { text: string; number: number } | undefined;
  for (const { text, number } of lines) {
    open = { text: `${open?.text ?? ''}${text}`, number: open?.number ?? number };
    if (text.endsWith('\\')) {
      open = { ...open, text: open.text.slice(0, -1) };
      continue;
    }
    for (const all of FUNCTION.test(open.text) ? [] : split(open.text)) {
      const { words, sets } = separated(all);
      if (functions.includes(words[0] ?? '')) continue;
      commands.push({ page, number: open.number, words, sets: sets.filter((name) => !used.has(name)) });
    }
    open = undefined;
  }
  return commands;
}

/** Splits a line at its operators. */
function split(line: string): string[][] {
  const commands: string[][] = [[]];
  // Variables stay as they are written.
  for (const entry of parse(line, (name) => `$${name}`)) {
    if (typeof entry === 'string') commands.at(-1)?.push(entry);
    else if ('pattern' in entry) commands.at(-1)?.push(entry.pattern);
    else if ('op' in entry) commands.push(/^[<>]/.test(entry.op) ? [REDIRECTED] : []);
  }
  return commands.filter(([first]) => first !== undefined && first !== REDIRECTED);
}

function separated(words: readonly string[]): { words: readonly string[]; sets: readonly string[] } {
  const isExport = words[0] === 'export';
  const start = words.findIndex((word, index) => !ASSIGNMENT.test(word) && !(isExport && index === 0));
  const end = start === -1 ? words.length : start;
  const sets = words.slice(0, end).flatMap((word) => ASSIGNMENT.exec(word) ?? []);
  return { words: words.slice(end), sets };
}
