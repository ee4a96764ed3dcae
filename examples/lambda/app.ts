// Plays Lambda: invokes the function twice in one process and freezes the process after each invocation.
import { explainBedrockError } from '../shared/explain-error.js';
import { handler } from './handler.js';

const TIMEOUT_MILLIS = 10_000;
const FREEZE_MILLIS = 100;

async function invoke(question: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MILLIS;
  const result = await handler({ question }, { getRemainingTimeInMillis: () => deadline - Date.now() });
  // Requests and timers that are still open would wait for the next invocation, which may never come.
  const pending = process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe|FS)/.test(kind));
  console.log(result.answer);
  console.log(`  open when the function is frozen: ${pending.length === 0 ? 'nothing' : pending.join(', ')}`);
  freeze();
}

/** Blocks this process, so that nothing runs in it. */
function freeze(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FREEZE_MILLIS);
}

try {
  await invoke('What is the capital of France?');
  await invoke('What is the capital of Japan?');
  // No shutdown, because Lambda ends the process without a signal.
  process.exit();
} catch (error) {
  console.error(explainBedrockError(error));
  process.exit(1);
}
