import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  ConverseCommand,
  type GuardrailAssessment,
} from '@aws-sdk/client-bedrock-runtime';
import { traced, updateCurrentTrace } from 'mlflow-bedrock';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const guardrailIdentifier = process.env.BEDROCK_GUARDRAIL_ID ?? 'example';
const guardrailVersion = process.env.BEDROCK_GUARDRAIL_VERSION ?? 'DRAFT';

const bedrock = new BedrockRuntimeClient();

export interface Answer {
  text: string;
  /** True if the guardrail blocked the request or changed the answer. The text is then the guardrail's. */
  intervened: boolean;
}

/** Asks a question. The guardrail checks the question and the answer. */
export const ask = traced({ name: 'ask', spanType: 'CHAIN' }, async (question: string): Promise<Answer> => {
  const { output, stopReason, trace } = await bedrock.send(
    new ConverseCommand({
      modelId,
      messages: [{ role: 'user', content: [{ text: question }] }],
      // With the trace, the answer and its span name the policy that intervened.
      guardrailConfig: { guardrailIdentifier, guardrailVersion, trace: 'enabled' },
    }),
  );
  const text = (output?.message?.content ?? []).map((block) => block.text ?? '').join('');
  const intervened = stopReason === 'guardrail_intervened';
  if (intervened) {
    const { inputAssessment = {}, outputAssessments = {} } = trace?.guardrail ?? {};
    report([...Object.values(inputAssessment), ...Object.values(outputAssessments).flat()]);
  }
  return { text, intervened };
});

/** Checks without a model whether a foreign text may go to a model, for example a web page that a tool has read. */
export const isAllowed = traced({ name: 'check text', spanType: 'CHAIN' }, async (text: string): Promise<boolean> => {
  const { action, assessments = [] } = await bedrock.send(
    new ApplyGuardrailCommand({
      guardrailIdentifier,
      guardrailVersion,
      source: 'INPUT',
      content: [{ text: { text } }],
    }),
  );
  if (action === 'GUARDRAIL_INTERVENED') report(assessments);
  return action !== 'GUARDRAIL_INTERVENED';
});

/** Writes the interventions as tags of the trace, so that MLflow's search finds them. */
function report(assessments: GuardrailAssessment[]): void {
  const policies = assessments.flatMap((assessment) =>
    Object.entries(assessment).flatMap(([name, member]) => (name.endsWith('Policy') && member ? name : [])),
  );
  updateCurrentTrace({ tags: { guardrail: 'intervened', guardrail_policies: [...new Set(policies)].join(', ') } });
}
