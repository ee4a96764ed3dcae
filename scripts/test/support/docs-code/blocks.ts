import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownFiles } from '../../../../docs/.vitepress/pages.js';

/** A line of a file made from a page, and the number of the page's line that it comes from. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

export type Backend = 'MLflow' | 'OTLP';

/** What HTML comments directly before a block of code state about it. CONTRIBUTING.md explains them. */
export interface Marks {
  /** Code that the reader does not see: lines before the block, and lines after it. */
  readonly before: readonly Line[];
  readonly after: readonly Line[];
  /** Whether the block belongs to the same file as the block before it. */
  readonly continues: boolean;
  /** Why the block is not compiled. */
  readonly unchecked?: string;
  /** A file of the repository that has the lines of the block. The compiler does not see them again. */
  readonly quotes?: string;
  /** Packages that have another name in this workspace, by the name in the block. */
  readonly aliases: Readonly<Record<string, string>>;
  /** The names of the spans that MLflow must have after a run of the block. */
  readonly runs?: readonly string[];
  /** Where a call of a program must arrive that loads the block first. */
  readonly tracesTo?: readonly Backend[];
}

/** A block of code of a page. */
export interface Block extends Marks {
  /** The page's path from the root of the repository. */
  readonly page: string;
  /** The number of the line that begins the block. */
  readonly number: number;
  /** The first word after the back quotes. */
  readonly language: string;
  readonly lines: readonly Line[];
}

const BACKENDS: readonly Backend[] = ['MLflow', 'OTLP'];
const COMMENT = /^ *<!-- code\b/;
const FENCE = /^( *)(`{3,})(\w*)/;
/** Stands for the block in code that the reader does not see. */
const HOLE = '…';

/** The blocks of code of all pages, except the reports of the public API. */
export function readBlocks(root: string): Block[] {
  const pages = markdownFiles().filter((page) => !page.includes('/api/'));
  return pages.flatMap((page) => blocksOf(page, readFileSync(join(root, page), 'utf8')));
}

/**
 * The blocks of code of one page.
 *
 * @throws Error if a mark is unknown or does not stand directly before a block
 */
export function blocksOf(page: string, text: string): Block[] {
  const lines = text.split('\n').map((line, index): Line => ({ text: line, number: index + 1 }));
  const blocks: Block[] = [];
  let comments: Line[][] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as Line;
    const [, indent = '', quotes, language = ''] = FENCE.exec(line.text) ?? [];
    if (quotes !== undefined) {
      const end = lines.findIndex(({ text: other }, index) => index > at && other.trim() === quotes);
      if (end === -1) throw new Error(`${page}:${line.number}: The block of code has no end.`);
      const code = lines.slice(at + 1, end).map((inside) => ({ ...inside, text: inside.text.slice(indent.length) }));
      blocks.push({ page, number: line.number, language, lines: code, ...marksOf(page, comments) });
      comments = [];
      at = end;
    } else if (COMMENT.test(line.text)) {
      const end = lines.findIndex(({ text: other }, index) => index >= at && other.trimEnd().endsWith('-->'));
      comments.push(lines.slice(at, end + 1));
      at = end;
    } else if (comments.length > 0) {
      throw new Error(`${page}:${line.number - 1}: The comment must stand directly before a block of code.`);
    }
  }
  return blocks;
}

function marksOf(page: string, comments: readonly Line[][]): Marks {
  let marks: Marks = { before: [], after: [], continues: false, aliases: {} };
  for (const comment of comments) marks = { ...marks, ...markOf(page, comment) };
  return marks;
}

function markOf(page: string, comment: readonly Line[]): Partial<Marks> {
  const [{ number }] = comment as [Line];
  const whole = comment.map(({ text }) => text.trim()).join('\n');
  const [, kind = '', value = ''] = /^<!-- code( [a-z ]+)?(?::(.*))? *-->$/s.exec(whole) ?? [];
  const text = value.trim();
  const mark = kind === '' && text !== '' ? around(value.split('\n'), number) : MARKS[kind.trim()]?.(text);
  if (mark === undefined) throw new Error(`${page}:${number}: The comment is none of those in CONTRIBUTING.md.`);
  return mark;
}

/** What a kind of comment states; undefined if its text is wrong. */
const MARKS: Readonly<Record<string, (text: string) => Partial<Marks> | undefined>> = {
  continues: (text) => (text === '' ? { continues: true } : undefined),
  unchecked: (text) => (text === '' ? undefined : { unchecked: text }),
  quotes: (text) => (text === '' ? undefined : { quotes: text }),
  with: (text) => ({ aliases: Object.fromEntries(text.split(', ').map((alias) => alias.split(' from '))) }),
  runs: (text) => ({ runs: text === '' ? [] : text.split(', ') }),
  'traces to': (text) => {
    const names = text.split(', ');
    const backends = BACKENDS.filter((name) => names.includes(name));
    return backends.length === names.length ? { tracesTo: backends } : undefined;
  },
};

function around(texts: readonly string[], start: number): Partial<Marks> {
  const code = texts.map((text, index): Line => ({ text, number: start + index }));
  const hole = code.findIndex(({ text }) => text.includes(HOLE));
  if (hole === -1) return { before: code };
  const { text, number } = code[hole] as Line;
  const [left = '', right = ''] = text.split(HOLE);
  return {
    before: [...code.slice(0, hole), { text: left, number }],
    after: [{ text: right, number }, ...code.slice(hole + 1)],
  };
}
