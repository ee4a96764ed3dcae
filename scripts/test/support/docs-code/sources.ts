import type { Block, Line } from './blocks.js';

/** A source file made from one block of a page, or from several that continue each other. */
export interface Source {
  readonly page: string;
  /** Its path below the folder of all files. */
  readonly file: string;
  readonly lines: readonly Line[];
  readonly blocks: readonly Block[];
}

/** The languages that the compiler checks. */
const EXTENSIONS: Readonly<Record<string, string>> = { ts: 'ts', js: 'js' };
/** Names the file at the start of a block, as in `// tracing.ts, loaded before your application`. */
const NAMED = /^\/\/ ([\w./-]+\.[cm]?[jt]s)\b/;
const COMMONJS = /\brequire\(|\bmodule\.exports\b/;
const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\brequire\() ?'([^'.][^']*)'/g;

/** The source files of the blocks in TypeScript and JavaScript that the compiler checks. */
export function sourcesOf(blocks: readonly Block[]): Source[] {
  const files: Block[][] = [];
  for (const block of blocks) {
    if (!isCompiled(block)) continue;
    const previous = files.at(-1);
    if (!block.continues) files.push([block]);
    else if (previous?.[0]?.page === block.page && previous[0].language === block.language) previous.push(block);
    else throw new Error(`${block.page}:${block.number}: The page has no block before that this one could continue.`);
  }
  const taken = new Set<string>();
  return files.map((parts) => {
    const [{ page, number, language }] = parts as [Block];
    const lines = parts.flatMap(({ before, lines: shown, after, aliases }) =>
      [...before, ...shown, ...after].map(({ text, number: at }) => ({ text: replaced(text, aliases), number: at })),
    );
    const text = textOf(lines);
    const folder = page.replaceAll('/', '_');
    const named = NAMED.exec(parts[0]?.lines[0]?.text ?? '')?.[1] ?? `line-${number}.${EXTENSIONS[language]}`;
    const name =
      language === 'js' && COMMONJS.test(text) && !/^import /m.test(text) ? named.replace(/\.js$/, '.cjs') : named;
    const file = taken.has(`${folder}/${name}`) ? `${folder}/line-${number}/${name}` : `${folder}/${name}`;
    taken.add(file);
    return { page, file, lines, blocks: parts };
  });
}

export function isCompiled({ language, unchecked, quotes }: Block): boolean {
  return language in EXTENSIONS && unchecked === undefined && quotes === undefined;
}

function replaced(text: string, aliases: Readonly<Record<string, string>>): string {
  return text.replace(/(?<=\bfrom ')[^']+(?=')/, (name) => aliases[name] ?? name);
}

export function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join('\n');
}

/** The packages that a text imports. Modules of Node.js are not among them. */
export function packagesIn(text: string): Set<string> {
  const names = [...text.matchAll(IMPORT)].map(([, name = '']) => name).filter((name) => !name.startsWith('node:'));
  return new Set(names.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')));
}
