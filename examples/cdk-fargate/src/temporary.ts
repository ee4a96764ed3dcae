import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let root: string | undefined;

/** Returns a new folder that is deleted when this process ends. */
export function temporaryFolder(name: string): string {
  if (root === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'cdk-fargate-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    root = made;
  }
  return mkdtempSync(join(root, `${name}-`));
}
