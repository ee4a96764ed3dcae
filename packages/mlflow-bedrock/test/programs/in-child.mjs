// The application in a child process, which inherits NODE_OPTIONS.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const app = fileURLToPath(new URL('./app.cjs', import.meta.url));
const { status } = spawnSync(process.execPath, [app, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status;
