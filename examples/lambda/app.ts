// What Lambda does with the function, in small: two invocations in one process, which it freezes after each.
import { explainBedrockError } from '../shared/explain-error.js';
import { handler } from './handler.js';

const TIMEOUT_MILLIS = 10_000;
const FREEZE_MILLIS = 100;

async function invoke(question: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MILLIS;
  const result = await handler({ question }, { getRemainingTimeInMillis: () => deadline - Date.now() });
  // Requests and timers of now would have to wait for the next invocation, which may never come.
  const pending = process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe|FS)/.test(kind));
  console.log(result.answer);
  console.log(`  under way when the function is frozen: ${pending.length === 0 ? 'nothing' : pending.join(', ')}`);
  freeze();
}

/** Nothing runs in this process meanwhile. */
function freeze(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FREEZE_MILLIS);
}

try {
  await invoke('What is the capital of France?');
  await invoke('What is the capital of Japan?');
  // No shutdown: Lambda ends the process without a word.
  process.exit();
} catch (error) {
  console.error(explainBedrockError(error));
  process.exit(1);
}
