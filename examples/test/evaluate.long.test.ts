import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { MlflowAssessment, MlflowRun } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';
import { type ExampleRun, outline, runExample, testClient } from './run-example.js';

describe('example evaluate', function () {
  this.timeout(240_000);

  describe('with the scripted judge', () => {
    let run: ExampleRun;
    let evaluation: MlflowRun;
    before(async () => {
      run = await runExample(['evaluate']);
      expect(run.code, run.output).to.equal(0);
      const [, runId = ''] = /^Run +(\w+)$/m.exec(run.output) ?? [];
      evaluation = await (await testClient()).getRun(runId);
    });

    const assessmentsOf = (name: string): (MlflowAssessment | undefined)[] =>
      run.traces.map(({ info }) => info.assessments.find((assessment) => assessment.name === name));

    it('evaluates the traces of the application and creates no others', () => {
      expect(run.output).to.match(/^Traces +3$/m);
      for (const trace of run.traces) {
        expect(outline(trace)).to.deep.equal(['CHAIN answer', '  CHAT_MODEL chat amazon.nova-lite-v1:0']);
      }
      expect(run.traces).to.have.length(3);
    });

    it('writes the scores of the code scorers to each trace', () => {
      const values = (name: string): unknown[] => assessmentsOf(name).map((assessment) => assessment?.value);
      expect(values('is_concise')).to.deep.equal([true, true, true]);
      expect(values('calls_to_model')).to.deep.equal([1, 1, 1]);
      expect(values('total_tokens')).to.deep.equal(run.traces.map(({ info }) => info.tokenUsage?.totalTokens));
      expect(assessmentsOf('total_tokens')[0]?.source.type).to.equal('CODE');
    });

    it('writes the verdicts of the judge, which compares with the expected answers', () => {
      const judged = assessmentsOf('correctness');
      expect(judged.map((assessment) => assessment?.value)).to.deep.equal(['yes', 'yes', 'no']);
      expect(judged[2]).to.deep.include({
        source: { type: 'LLM_JUDGE', id: 'openai:/scripted-judge' },
        rationale: '"Atlantis is a legend" is not in the answer. (Scripted; no model judged.)',
      });
      expect(assessmentsOf('expected_response')[2]).to.deep.include({
        kind: 'expectation',
        value: 'Atlantis is a legend',
        source: { type: 'HUMAN', id: 'geographer' },
      });
    });

    it('creates a run with the means and with the original traces instead of copies', async () => {
      expect(evaluation.status).to.equal('FINISHED');
      const tokens = run.traces.map(({ info }) => info.tokenUsage?.totalTokens ?? Number.NaN);
      expect(Object.keys(evaluation.metrics)).to.have.members([
        'calls_to_model/mean',
        'correctness/mean',
        'is_concise/mean',
        'total_tokens/mean',
      ]);
      expect(evaluation.metrics['correctness/mean']).to.be.closeTo(2 / 3, 1e-9);
      expect(evaluation.metrics['total_tokens/mean']).to.be.closeTo(
        tokens.reduce((sum, count) => sum + count, 0) / 3,
        1e-9,
      );
      expect(run.output).to.match(/^correctness\/mean +0\.67$/m);
      expect(assessmentsOf('correctness')[0]?.metadata['mlflow.assessment.sourceRunId']).to.equal(evaluation.runId);
      expect(await traceIdsOf(`attributes.run_id = '${evaluation.runId}'`)).to.have.members(
        run.traces.map(({ info }) => info.traceId),
      );
    });

    it('finds the traces by session', async () => {
      const [first, second, third] = run.traces.map(({ info }) => info);
      expect(first?.sessionId).to.equal(second?.sessionId).and.not.equal(third?.sessionId);
      expect(run.output).to.contain(`Session     ${first?.sessionId}: 2 trace(s)`);
      expect(run.output).to.contain(`Session     ${third?.sessionId}: 1 trace(s)`);
      expect(await traceIdsOf(`metadata.\`mlflow.trace.session\` = '${first?.sessionId}'`)).to.have.members([
        first?.traceId,
        second?.traceId,
      ]);
    });

    it('creates a dataset of questions and expected answers', async () => {
      const [, datasetId = ''] = /^Dataset +(d-\w+): 3 records$/m.exec(run.output) ?? [];
      const { url } = await testServer();
      const response = await fetch(`${url}/api/3.0/mlflow/datasets/${datasetId}/records`);
      const { records } = (await response.json()) as { records: string };
      const rows = JSON.parse(records) as { inputs: { question: string }; expectations: object; source: object }[];
      const byQuestion = new Map(rows.map(({ inputs, ...row }) => [inputs.question, row]));
      expect(byQuestion.size).to.equal(3);
      const nairobi = byQuestion.get('What is the capital of Kenya?');
      expect(nairobi?.expectations).to.deep.equal({ expected_response: 'Nairobi' });
      expect(nairobi?.source).to.have.nested.property('source_data.trace_id', run.traces[0]?.info.traceId);
    });

    async function traceIdsOf(filter: string): Promise<string[]> {
      const client = await testClient();
      const { traces } = await client.searchTraces({ experimentIds: [evaluation.experimentId], filter });
      return traces.map(({ traceId }) => traceId);
    }
  });

  describe("with the user's judge", () => {
    let judge: Server;
    let requests: { headers: IncomingHttpHeaders; body: string }[];
    before(async () => {
      requests = [];
      judge = createServer(async (request, response) => {
        requests.push({ headers: request.headers, body: await text(request) });
        const content = JSON.stringify({ result: 'no', rationale: 'A strict judge.' });
        const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ id: '1', object: 'chat.completion', created: 1, model: 'strict', choices }));
      }).listen(0, '127.0.0.1');
      await once(judge, 'listening');
    });
    after(() => {
      judge?.close();
      judge?.closeAllConnections();
    });

    it('calls that judge', async () => {
      const { code, output, traces } = await runExample(['evaluate'], {
        JUDGE_MODEL: 'openai:/strict',
        OPENAI_API_BASE: `http://127.0.0.1:${(judge.address() as AddressInfo).port}/v1`,
        OPENAI_API_KEY: 'secret',
      });
      expect(code, output).to.equal(0);
      expect(output).to.match(/^correctness\/mean +0\.00$/m);
      expect(requests).to.have.length(3);
      expect(requests[0]?.headers.authorization).to.equal('Bearer secret');
      expect(JSON.parse(requests[0]?.body ?? '')).to.include({ model: 'strict' });
      const judged = traces[0]?.info.assessments.find(({ name }) => name === 'correctness');
      expect(judged?.source).to.deep.equal({ type: 'LLM_JUDGE', id: 'openai:/strict' });
    });
  });
});
