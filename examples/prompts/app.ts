// Calls Bedrock with a prompt from MLflow's registry. The trace shows the version of the prompt.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog, getLastActiveTraceId, MlflowClient, MlflowError, traced } from 'mlflow-bedrock';
import { explainBedrockError } from '../shared/explain-error.js';
import { traceLink } from '../shared/links.js';
import { fillTemplate } from './template.js';

const NAME = 'travel-guide';
const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();
const mlflow = new MlflowClient();

/** Registers two versions of a prompt, the first one in production. A team would use MLflow's web interface for this. */
async function registerIfMissing(): Promise<void> {
  try {
    await mlflow.getPrompt(NAME);
  } catch (error) {
    if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST')) throw error;
    const first = await mlflow.registerPrompt(NAME, {
      template: 'Answer in one sentence: {{question}}',
      commitMessage: 'The first one',
    });
    await mlflow.setPromptAlias(NAME, 'production', first.version);
    await mlflow.registerPrompt(NAME, {
      template: 'You are a guide who loves {{topic}}. Answer in one sentence: {{question}}',
      commitMessage: 'With a topic of interest',
    });
    console.log(`Registered two versions of the prompt "${NAME}"`);
  }
}

/** @param wanted a version or an alias */
async function answerWith(wanted: string, question: string): Promise<void> {
  const prompt = await mlflow.getPrompt(NAME, /^\d+$/.test(wanted) ? { version: wanted } : { alias: wanted });
  const { name, version, template } = prompt;
  if (typeof template !== 'string')
    throw new Error(`The prompt "${NAME}" is a chat prompt, but this example needs a text prompt.`);
  console.log(`Prompt      ${name}, version ${version}`);

  // This attribute on any span links the version to the trace.
  const attributes = { 'mlflow.linkedPrompts': JSON.stringify([{ name, version: String(version) }]) };
  const answer = traced({ name: 'answer', spanType: 'CHAIN', attributes }, async (text: string) => {
    const messages = [{ role: 'user' as const, content: [{ text }] }];
    const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
    return output?.message?.content?.map((block) => block.text ?? '').join('') ?? '';
  });
  const filled = fillTemplate(template, { question, topic: 'history' });
  console.log(`${filled}\n  ${await answer(filled)}`);
  const traceId = getLastActiveTraceId();
  if (traceId !== undefined) await report(traceId);
}

/** Reads the trace from MLflow, and the other traces with this version of the prompt. */
async function report(traceId: string): Promise<void> {
  await autolog().flush();
  const info = await mlflow.getTraceInfo(traceId);
  const linked = JSON.parse(info.tags['mlflow.linkedPrompts'] ?? '[]') as { name: string; version: string }[];
  for (const { name, version } of linked) {
    const { traces } = await mlflow.searchTraces({
      experimentIds: [info.experimentId],
      filter: `prompt = '${name}/${version}'`,
    });
    console.log(
      `Linked      ${name}, version ${version}; ${traces.length} trace(s) of this experiment were made with it`,
    );
  }
  console.log(`Trace       ${traceLink(mlflow.url, info)}`);
}

try {
  await registerIfMissing();
  await answerWith(process.argv[2] ?? 'production', 'What is the capital of Italy?');
} catch (error) {
  console.error(error instanceof MlflowError ? error.message : explainBedrockError(error));
  process.exitCode = 1;
}
