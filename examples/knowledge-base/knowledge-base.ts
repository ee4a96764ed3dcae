import {
  BedrockAgentRuntimeClient,
  type Citation as BedrockCitation,
  RetrieveAndGenerateCommand,
  type RetrieveAndGenerateCommandInput,
  RetrieveAndGenerateStreamCommand,
  RetrieveCommand,
  type RetrievedReference,
} from '@aws-sdk/client-bedrock-agent-runtime';

export interface Citation {
  /** The part of the answer that the sources support. */
  quote: string;
  sources: string[];
}

export interface Answer {
  text: string;
  citations: Citation[];
}

const RESULTS = 3;
const knowledgeBaseId = process.env.BEDROCK_KNOWLEDGE_BASE_ID ?? 'SHOPKB0001';
const modelArn = process.env.BEDROCK_MODEL_ID ?? 'anthropic.claude-3-haiku-20240307-v1:0';
const retrievalConfiguration = { vectorSearchConfiguration: { numberOfResults: RESULTS } };
const bedrock = new BedrockAgentRuntimeClient();

/** Finds documents without a model. */
export async function retrieve(text: string): Promise<{ source: string; score: number }[]> {
  const { retrievalResults } = await bedrock.send(
    new RetrieveCommand({ knowledgeBaseId, retrievalQuery: { text }, retrievalConfiguration }),
  );
  return (retrievalResults ?? []).map((result) => ({ source: sourceOf(result), score: result.score ?? 0 }));
}

/** Finds documents, and lets a model answer from them. */
export async function ask(text: string): Promise<Answer> {
  const { output, citations } = await bedrock.send(new RetrieveAndGenerateCommand(request(text)));
  return { text: output?.text ?? '', citations: (citations ?? []).flatMap(readCitation) };
}

/** Does the same as {@link ask}, and passes on each piece of the answer when it arrives. */
export async function askStreaming(text: string, onText: (piece: string) => void): Promise<Answer> {
  const { stream } = await bedrock.send(new RetrieveAndGenerateStreamCommand(request(text)));
  const answer: Answer = { text: '', citations: [] };
  for await (const { output, citation } of stream ?? []) {
    if (output?.text !== undefined) {
      answer.text += output.text;
      onText(output.text);
    }
    if (citation?.citation) answer.citations.push(...readCitation(citation.citation));
  }
  return answer;
}

function request(text: string): RetrieveAndGenerateCommandInput {
  const knowledgeBaseConfiguration = { knowledgeBaseId, modelArn, retrievalConfiguration };
  return { input: { text }, retrieveAndGenerateConfiguration: { type: 'KNOWLEDGE_BASE', knowledgeBaseConfiguration } };
}

/** Leaves out parts of the answer without a source. */
function readCitation({ generatedResponsePart, retrievedReferences = [] }: BedrockCitation): Citation[] {
  const quote = generatedResponsePart?.textResponsePart?.text ?? '';
  return retrievedReferences.length > 0 ? [{ quote, sources: retrievedReferences.map(sourceOf) }] : [];
}

function sourceOf({ location }: RetrievedReference): string {
  return location?.s3Location?.uri ?? 'a document';
}
