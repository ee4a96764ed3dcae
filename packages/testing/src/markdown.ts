/** Parts of Markdown pages. Tests hold them against the code, or run them. */

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
