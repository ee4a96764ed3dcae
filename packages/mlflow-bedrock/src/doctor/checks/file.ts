import { BUNDLE_ADVICE } from 'opentelemetry-instrumentation-bedrock/requests';
import type { FileFacts } from '../model/facts.js';
import { findings, type Result } from '../model/result.js';

const { ok, warning } = findings('application');

/** Says what the file shows without running it. */
export function checkFile({ file, bundledSdks, handsOver, mentionsTracing }: FileFacts): Result {
  if (bundledSdks.length > 0 && handsOver) {
    return ok(`${file} is a bundle that passes ${bundledSdks.join(', ')} on to the instrumentation.`);
  }
  if (bundledSdks.length > 0) {
    return warning(
      `${file} is a bundle with ${bundledSdks.join(', ')} inside, where the instrumentation cannot find the SDK by itself.`,
      `${BUNDLE_ADVICE}.`,
    );
  }
  if (!mentionsTracing) {
    return warning(
      `${file} does not mention mlflow-bedrock. Another file may start tracing.`,
      `Start it with "node --import mlflow-bedrock/register ${file}", or run the doctor without --no-run to be sure.`,
    );
  }
  return ok(`${file} mentions mlflow-bedrock and is no bundle.`);
}
