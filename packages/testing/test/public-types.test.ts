import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { exportedNames, unexportedTypes } from '../src/public-types.js';

describe('unexportedTypes', () => {
  let folder: string;
  let entry: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'public-types-'));
    entry = join(folder, 'index.d.ts');
    const files = {
      'index.d.ts': `export { Client } from './client.js';\nexport type { Trace as MyTrace } from './types.js';\n`,
      'client.d.ts': `import type { Logger } from 'logger';
import { type Search, Trace, type Hidden as Secret } from './types.js';
/** Mentions {@link Hidden} in a comment. */
export declare class Client {
    #private;
    find(search: Search): Promise<Trace>;
    log(logger: Logger, options: Options): void;
}
interface Options {
    level: 'Hidden';
}
export declare function internal(): Secret;
`,
      'types.d.ts': `export interface Search { text: string }
export interface Trace extends Base { id: string }
interface Base { at: Date }
export interface Hidden { key: string }
`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('finds imported and local types behind exported names, and none of comments, texts and internal functions', () => {
    expect(exportedNames(entry)).to.deep.equal(['Client', 'MyTrace']);
    const mentioned = ['Search, in Client', 'Options, in Client', 'Base, in Trace'];
    expect(unexportedTypes(entry)).to.deep.equal(mentioned);
    expect(unexportedTypes(entry, ['logger'])).to.have.members([...mentioned, 'Logger, in Client']);
  });
});
