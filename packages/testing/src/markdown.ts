/** Parts of Markdown pages. Tests hold them against the code or run them, and commands write them. */

const BLOCK = /^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2 *$/gms;
const TABLE = /^\|(?: *:?-+:? *\|)+\n((?:\|.*(?:\n|$))+)/gm;

/** The code in the blocks of a text. Default: of all languages. */
export function codeBlocks(text: string, language?: string): string[] {
  return [...text.matchAll(BLOCK)]
    .filter(([, , , name]) => language === undefined || name === language)
    .map(([, indent = '', , , code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

export function withoutCodeBlocks(text: string): string {
  return text.replaceAll(BLOCK, '');
}

/**
 * The text between a heading and the next one.
 *
 * @throws Error if the page lacks the heading
 */
export function sectionOf(page: string, heading: string): string {
  // A comment in a shell command looks like a heading.
  const prose = page.replaceAll(BLOCK, (block) => ' '.repeat(block.length));
  const above = prose.indexOf(`\n${heading}\n`);
  if (above < 0) throw new Error(`The page has no heading "${heading}".`);
  const start = above + heading.length + 2;
  const length = prose.slice(start).search(/^#+ /m);
  return length < 0 ? page.slice(start) : page.slice(start, start + length);
}

/** The cells of the rows of all tables in a text, without their heads. */
export function tableRows(text: string): string[][] {
  return [...text.matchAll(TABLE)].flatMap(([, rows = '']) => rows.trimEnd().split('\n').map(cellsOf));
}

function cellsOf(row: string): string[] {
  const cells = row.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** What stands between backticks in a line. */
export function inlineCode(line: string): string[] {
  return [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** A part of a page that a command writes, between two comments. */
export interface Region {
  /** The path of the page from the root of the repository. */
  readonly page: string;
  readonly name: string;
  readonly command: string;
}

/** @throws Error that names the page and the comments if the page lacks them */
export function replaceRegion(text: string, { page, name, command }: Region, content: string): string {
  const [begin, end] = [`<!-- ${name}: written by ${command} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} needs the lines "${begin}" and "${end}".`);
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`;
}
