// The set-up of mlflow-bedrock, loaded after its register entry or instead of it.
const { writeSync } = require('node:fs');
const { DiagLogLevel, diag } = require('@opentelemetry/api');
const { autolog, traced } = require('mlflow-bedrock');

const problems = [];
const report = (...words) => problems.push(words.map(String).join(' '));
const silent = () => {};
const logger = { error: report, warn: report, info: silent, debug: silent, verbose: silent };
// Replaces the logger of the register entry silently.
diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });

const tracing = autolog();
globalThis.smoke = async (work) => {
  const calls = await traced('smoke', () => work())();
  await tracing.flush();
  writeSync(1, `${JSON.stringify({ calls, problems })}\n`);
};
