// Loaded by mocha before the tests. The files under test count in this global, under Istanbul's name for it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

process.on('exit', () => {
  const { __coverage__: counts = {} } = /** @type {{ __coverage__?: object }} */ (globalThis);
  const folder = /** @type {string} */ (process.env['COVERAGE_COUNTS']);
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(counts));
});
