/** Which types a package's entry must export, read from the declarations of its build. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A name in the file or package that declares it. */
interface Declaration {
  source: string;
  name: string;
}

const FROM = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)';$/gm;
const STATEMENT = /^(?:export )?(?:declare |default )*(?:abstract )?(?:class|interface|type|function|const) (\w+)/;

/** Returns the names that the file `index.d.ts` of a build exports. */
export function exportedNames(entry: string): string[] {
  return references(entry, 'export').map(({ local }) => local);
}

/**
 * Returns the types that exported declarations of a build mention, and that its entry does not export. Types of other
 * packages count if their name begins with `packages`.
 *
 * @param entry path of `index.d.ts`
 * @param packages packages whose types the entry must export, too
 */
export function unexportedTypes(entry: string, packages: readonly string[] = []): string[] {
  const isOurs = ({ source }: Declaration): boolean => source.startsWith('/') || packages.includes(source);
  const exported = references(entry, 'export').map(({ target }) => declarationOf(target));
  const known = new Set(exported.map(keyOf));
  const missing = new Map<string, string>();
  for (const declaration of exported) {
    for (const mentioned of mentions(declaration)) {
      if (!isOurs(mentioned) || known.has(keyOf(mentioned))) continue;
      missing.set(keyOf(mentioned), `${mentioned.name}, in ${declaration.name}`);
    }
  }
  return [...missing.values()];
}

function keyOf({ source, name }: Declaration): string {
  return `${source}#${name}`;
}

/** The names that a file imports from, or exports from, other files and packages. */
function references(file: string, kind: 'import' | 'export'): { local: string; target: Declaration }[] {
  return [...readFileSync(file, 'utf8').matchAll(FROM)].flatMap(([statement, names = '', from = '']) => {
    if (!statement.startsWith(kind)) return [];
    const source = from.startsWith('.') ? join(dirname(file), from).replace(/\.js$/, '.d.ts') : from;
    return names.split(',').flatMap((text) => {
      const [name = '', local = name] = text
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      return name === '' ? [] : [{ local, target: { source, name } }];
    });
  });
}

/** Follows exports from file to file. */
function declarationOf({ source, name }: Declaration): Declaration {
  if (!existsSync(source)) return { source, name };
  const passedOn = references(source, 'export').find(({ local }) => local === name);
  return passedOn === undefined ? { source, name } : declarationOf(passedOn.target);
}

/** The declarations that a declaration mentions outside of comments and private members. */
function mentions({ source, name }: Declaration): Declaration[] {
  if (!existsSync(source)) return [];
  const text = readFileSync(source, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const statements = text.split(/^(?=\S)/m);
  const nameOf = (statement: string): string | undefined => STATEMENT.exec(statement)?.[1];
  const own = statements.map(nameOf).filter((declared) => declared !== undefined);
  const imported = new Map(references(source, 'import').map(({ local, target }) => [local, target]));
  const words = statements
    .filter((statement) => nameOf(statement) === name)
    .flatMap((statement) => statement.replaceAll(/'[^']*'/g, "''").match(/\b[A-Z]\w*/g) ?? []);
  return [...new Set(words)].flatMap((word) => {
    const target = imported.get(word);
    if (target !== undefined) return [declarationOf(target)];
    return word !== name && own.includes(word) ? [{ source, name: word }] : [];
  });
}
