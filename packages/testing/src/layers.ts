import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

interface Layers {
  /** The folder of the source files. */
  source: URL;
  /** The layers beneath each layer. A layer is a folder; `.` holds the files that are in no folder. */
  beneath: Readonly<Record<string, readonly string[]>>;
  /** Some imports that the check must find. Without them it could pass because it finds nothing. */
  example: { file: string; imports: readonly string[] };
}

const IMPORT = /^(?:import|export)\s[^;']*'(\.[^']+)';$/gm;
const MAX_LINES = 300;

/** Makes the tests that hold a package to its layers: imports point downwards, make no circles, and keep no state. */
export function describeLayers({ source, beneath, example }: Layers): void {
  const folder = fileURLToPath(source);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const layerOf = (file: string): string => dirname(file);

  /** The files that a file imports, types included. */
  const importsOf = (file: string): string[] =>
    [...read(file).matchAll(IMPORT)].map(([, path]) =>
      relative(folder, join(folder, dirname(file), String(path))).replace(/\.js$/, '.ts'),
    );

  /** A path of imports from the file back to itself; undefined if there is none. */
  const circleFrom = (start: string): string[] | undefined => {
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
  };

  describe('the source files', () => {
    it('are found, with their imports', () => {
      expect(importsOf(example.file)).to.include.members([...example.imports]);
      for (const file of files) expect(files, file).to.include.members(importsOf(file));
      expect(Object.keys(beneath)).to.have.members([...new Set(files.map(layerOf))]);
    });

    it('import only from their own layer and from the layers beneath it', () => {
      const upwards = files.flatMap((file) => {
        const allowed = [layerOf(file), ...(beneath[layerOf(file)] ?? [])];
        return importsOf(file)
          .filter((imported) => !allowed.includes(layerOf(imported)))
          .map((imported) => `${file} imports ${imported}`);
      });
      expect(upwards).to.deep.equal([]);
    });

    it('import each other without circles', () => {
      expect(files.map(circleFrom).filter((circle) => circle !== undefined)).to.deep.equal([]);
    });

    it('have no variable at module level', () => {
      expect(files.filter((file) => /^(?:export )?(?:let|var) /m.test(read(file)))).to.deep.equal([]);
    });

    it(`stay under ${MAX_LINES} lines`, () => {
      expect(files.filter((file) => read(file).split('\n').length > MAX_LINES + 1)).to.deep.equal([]);
    });
  });
}
