/** The layers of this package: each file imports from its own layer or from those beneath, without circles. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

/** The layers beneath each layer. `.` is the top: the files that are in no folder. */
const BENEATH: Readonly<Record<string, readonly string[]>> = {
  '.': ['sdk', 'call', 'operations', 'dialects', 'span', 'data'],
  sdk: ['call', 'data'],
  call: ['operations', 'dialects', 'span', 'data'],
  operations: ['dialects', 'data'],
  dialects: ['dialects/fold', 'dialects/messages', 'data'],
  'dialects/fold': ['data'],
  'dialects/messages': ['data'],
  span: ['data'],
  data: [],
};

const FILES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const IMPORT = /^(?:import|export)\b[^;]*?from '(\.[^']+)';$/gms;

/** The files that a file imports, types included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, path]) => {
    return relative(SOURCE, join(SOURCE, dirname(file), String(path))).replace(/\.js$/, '.ts');
  });
}

const layerOf = (file: string): string => (file.includes('/') ? dirname(file) : '.');

/** A path of imports from the file back to itself; undefined if there is none. */
function circleFrom(start: string): string[] | undefined {
  const seen = new Set<string>();
  const pending: string[][] = [[start]];
  for (let path = pending.pop(); path; path = pending.pop()) {
    for (const imported of importsOf(String(path.at(-1)))) {
      if (imported === start) return [...path, imported];
      if (!seen.has(imported)) pending.push([...path, imported]);
      seen.add(imported);
    }
  }
  return undefined;
}

describe('the source files', () => {
  it('are found, with their imports', () => {
    expect(FILES).to.include.members(['index.ts', 'call/call.ts', 'dialects/index.ts']);
    expect(importsOf('call/call.ts')).to.include.members(['data/json.ts', 'operations/index.ts', 'call/exchange.ts']);
    for (const file of FILES) expect(FILES, file).to.include.members(importsOf(file));
  });

  it('import only from their own layer and from the layers beneath it', () => {
    const upwards = FILES.flatMap((file) => {
      const allowed = [layerOf(file), ...(BENEATH[layerOf(file)] ?? [])];
      return importsOf(file)
        .filter((imported) => !allowed.includes(layerOf(imported)))
        .map((imported) => `${file} imports ${imported}`);
    });
    expect(upwards).to.deep.equal([]);
  });

  it('import each other without circles', () => {
    expect(FILES.map(circleFrom).filter((circle) => circle !== undefined)).to.deep.equal([]);
  });

  it('have no variable at module level', () => {
    const variables = FILES.filter((file) =>
      /^(?:export )?(?:let|var) /m.test(readFileSync(join(SOURCE, file), 'utf8')),
    );
    expect(variables).to.deep.equal([]);
  });

  it('stay under 300 lines', () => {
    const long = FILES.filter((file) => readFileSync(join(SOURCE, file), 'utf8').split('\n').length > 301);
    expect(long).to.deep.equal([]);
  });
});
