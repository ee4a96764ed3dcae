import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackages } from 'testing/build.js';
import { installPeers } from '../../src/peers.js';

/**
 * For the tests of one `describe`: builds the packages and installs what they are compared with.
 *
 * @returns a folder, which is removed after them
 */
export function prepareBench(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  before(async () => {
    await buildPackages();
    installPeers((line) => console.log(`      ${line}`));
  });
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}
