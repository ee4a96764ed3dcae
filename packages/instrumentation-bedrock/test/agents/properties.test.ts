/** Operations of the agent runtime read any input, answer and event without throwing, and record no text as a fact. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonObject } from '../../src/data/json.js';
import { stringify } from '../../src/data/numbers.js';
import type { Operation, OperationAnswer, OperationRequest, Step } from '../../src/operations/common/operation.js';
import { OPERATIONS } from '../../src/operations/index.js';

/** Members that the operations read, so that random objects reach deep into the readers. */
const KEYS = [
  ...['retrievalQuery', 'retrievalConfiguration', 'vectorSearchConfiguration', 'numberOfResults', 'retrievalResults'],
  ...['content', 'text', 'type', 'row', 'columnName', 'columnValue', 'byteContent', 'audio', 'video', 's3Uri'],
  ...['location', 's3Location', 'uri', 'metadata', 'score', 'documentId', 'results', 'citations', 'citation', 'output'],
  ...['retrievedReferences', 'retrieveAndGenerateConfiguration', 'knowledgeBaseConfiguration', 'sources', 'input'],
  ...['generationConfiguration', 'inferenceConfig', 'textInferenceConfig', 'promptTemplate', 'guardrail', 'action'],
  ...['queries', 'textQuery', 'inlineDocumentSource', 'jsonDocument', 'rerankingConfiguration', 'index', 'result'],
  ...['messages', 'retrievers', 'configuration', 'knowledgeBase', 'generatedResponse', 'answer', 'traceEvent'],
  ...['attributes', 'warnings', 'inputs', 'document', 'fields', 'nodeInputName', 'nodeOutputName', 'nodeName'],
  ...['flowTraceEvent', 'trace', 'nodeInputTrace', 'nodeOutputTrace', 'nodeActionTrace', 'nodeDependencyTrace'],
  ...['conditionNodeResultTrace', 'satisfiedConditions', 'conditionName', 'timestamp', 'operationName', 'usage'],
  ...['operationRequest', 'operationResponse', 'modelId', 'body', 'functionName', 'executionChain', 'traceElements'],
  ...['flowOutputEvent', 'flowCompletionEvent', 'optimizedPromptEvent', 'analyzePromptEvent', 'textPrompt', '$unknown'],
  ...['presignedUrl', 'invocationStep', 'sessionId', 'executionArn', '__proto__', 'constructor'],
];

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 7 },
    fc.constantFrom('Converse', 'InvokeModel', 'Retrieve', 'Invoke', '{"usage":{"inputTokens":1}}', 'user', 'Ask'),
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...KEYS) }, fc.string()), tie('value'), {
    maxKeys: 8,
  }),
}));
const object = json.object as fc.Arbitrary<JsonObject>;

/** Events of a flow's trace, which random objects would hardly ever be. */
const KINDS = [
  'nodeInputTrace',
  'nodeOutputTrace',
  'nodeActionTrace',
  'nodeDependencyTrace',
  'conditionNodeResultTrace',
];
const flowTrace = fc
  .tuple(
    fc.constantFrom(...KINDS),
    fc.record(
      {
        nodeName: fc.oneof(fc.constantFrom('Ask', 'End'), json.value),
        timestamp: fc.oneof(fc.date({ noInvalidDate: true }), json.value),
        fields: fc.oneof(fc.array(object, { maxLength: 3 }), json.value),
        operationName: fc.constantFrom(
          'Converse',
          'ConverseStream',
          'InvokeModel',
          'Retrieve',
          'InvokeAgent',
          'Invoke',
        ),
        operationRequest: json.value,
        operationResponse: fc.oneof(fc.record({ usage: object }), fc.record({ body: json.value }), json.value),
        satisfiedConditions: fc.oneof(fc.array(object, { maxLength: 3 }), json.value),
        traceElements: json.value,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([kind, members]) => ({ flowTraceEvent: { trace: { [kind]: members } } }) as JsonObject);

/** Reads all that a call reads. */
function readAll({ request, answer }: { request: OperationRequest; answer?: OperationAnswer | undefined }): void {
  const { dialect } = request;
  dialect.readParameters(request.body() ?? {});
  request.service();
  const sent = request.content();
  if (sent !== undefined) {
    const body = request.form.bodyOf(sent) ?? {};
    stringify(dialect.readInput(body) as never);
    stringify(dialect.readTools(body) as never);
    stringify((dialect.readInputDetails?.(body) ?? {}) as never);
    stringify(request.form.show(sent, dialect.chatView?.request));
    request.serviceIn(body);
  }
  if (!answer) return;
  answer.dialect.readResponse(answer.body() ?? {});
  answer.service();
  const got = answer.content();
  if (got !== undefined) {
    const body = answer.form.bodyOf(got) ?? {};
    stringify(answer.dialect.readOutput(body) as never);
    stringify((answer.dialect.readOutputDetails?.(body) ?? {}) as never);
    stringify(answer.form.show(got, answer.dialect.chatView?.response));
    answer.serviceIn(body);
  }
  readSteps(answer.steps ?? []);
}

function readSteps(steps: readonly Step[]): void {
  for (const step of steps) {
    const [start, end] = [step.start, step.end].map((time) => time?.getTime());
    expect(Number.isNaN(start) || Number.isNaN(end)).to.equal(false);
    readAll(step);
    readSteps(step.steps);
  }
}

/** The spans that steps become, without their content. */
function treeOf(steps: readonly Step[]): unknown[] {
  return steps.map(({ request, answer, start, end, steps: inner }) => ({
    operation: request.dialect.operation,
    usage: answer?.usage,
    times: [start, end],
    steps: treeOf(inner),
  }));
}

describe('with arbitrary objects', () => {
  for (const operation of OPERATIONS['Bedrock Agent Runtime'] ?? []) {
    it(`${operation.name} reads inputs and outputs without throwing`, () => {
      fc.assert(
        fc.property(object, object, (input, output) => {
          const request = operation.readRequest(input, { maxMediaBytes: 4 });
          readAll({ request, answer: operation.readAnswer(request, output, {}) });
        }),
        { numRuns: 100 },
      );
    });

    if (operation.stream) {
      it(`${operation.name} reads events without throwing, and the same steps with content off`, () => {
        fc.assert(
          fc.property(object, fc.array(fc.oneof(object, flowTrace), { maxLength: 8 }), (input, events) => {
            const request = operation.readRequest(input, {});
            const read = (withContent: boolean, maxRecordLength: number): OperationAnswer => {
              const reader = readerOf(operation, request, { withContent, maxRecordLength });
              for (const event of events) {
                const chunk = reader.read(event);
                if (chunk !== undefined) reader.show(chunk);
              }
              reader.isComplete();
              return reader.answer(true);
            };
            const answer = read(true, 25_000_000);
            readAll({ request, answer });
            readAll({ request, answer: read(true, 50) });
            expect(treeOf(read(false, 25_000_000).steps ?? [])).to.deep.equal(treeOf(answer.steps ?? []));
          }),
          { numRuns: 200 },
        );
      });
    }
  }
});

function readerOf(operation: Operation, request: OperationRequest, options: object) {
  const reader = operation.stream?.createReader(request, {}, options as never);
  if (!reader) throw new TypeError(`${operation.name} has no stream`);
  return reader;
}
