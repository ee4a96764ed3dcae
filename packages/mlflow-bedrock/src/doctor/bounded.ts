import { endsWithin } from '../common/ends-within.js';
import { findings, type Result } from './model/result.js';

/**
 * Runs a check, at most for this time. A check that takes longer, or that fails by itself, is a problem of its own. The
 * message of an unforeseen error is not shown, because it may repeat credentials.
 */
export async function bounded(
  check: string,
  millis: number,
  work: () => Promise<readonly Result[]> | readonly Result[],
): Promise<readonly Result[]> {
  const { problem } = findings(check);
  const seconds = millis / 1000;
  const late = problem(
    `The check "${check}" took longer than ${seconds} s.`,
    'Run the doctor again on a less busy machine.',
  );
  try {
    return (await endsWithin(millis, (async () => work())())) ?? [late];
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return [problem(`The check "${check}" failed (${name}).`, 'Please report this as a bug of mlflow-bedrock.')];
  }
}
