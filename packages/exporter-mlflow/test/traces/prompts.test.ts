import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowError, MlflowSpanExporter } from '../../src/index.js';
import { exportSpans, recordSpans, uniqueName } from '../support/tracing.js';

describe('prompts', () => {
  const name = uniqueName('greet');
  let client: MlflowClient;
  let trackingUri: string;
  before(async function () {
    this.timeout(300_000);
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
    // Registers the prompt as Python's mlflow.genai.register_prompt does.
    const prompt = { 'mlflow.prompt.is_prompt': 'true' };
    await post('registered-models/create', { name, tags: tags(prompt) });
    await post('model-versions/create', {
      name,
      source: 'dummy-source',
      description: 'the first one',
      tags: tags({ ...prompt, 'mlflow.prompt.text': 'Greet {{name}}.', _mlflow_prompt_type: 'text', team: 'search' }),
    });
    await post('model-versions/create', {
      name,
      source: 'dummy-source',
      tags: tags({
        ...prompt,
        'mlflow.prompt.text': JSON.stringify([{ role: 'system', content: 'Greet {{name}}.' }]),
        _mlflow_prompt_type: 'chat',
        _mlflow_prompt_response_format: '{"type":"object"}',
        _mlflow_prompt_model_config: '{"model_name":"amazon.nova-lite-v1:0"}',
      }),
    });
    await post('registered-models/alias', { name, alias: 'production', version: '1' });
  });
  after(() => client?.close());

  const tags = (entries: Record<string, string>): object[] =>
    Object.entries(entries).map(([key, value]) => ({ key, value }));
  async function post(route: string, body: object): Promise<void> {
    const response = await fetch(`${trackingUri}/api/2.0/mlflow/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).to.equal(200);
  }
  async function errorOf(work: Promise<unknown>): Promise<MlflowError> {
    const error = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(MlflowError);
    return error as MlflowError;
  }

  it('are read by version, by alias, and the newest without either', async () => {
    const first = {
      name,
      version: 1,
      template: 'Greet {{name}}.',
      commitMessage: 'the first one',
      aliases: ['production'],
      tags: { team: 'search' },
    };
    expect(await client.getPrompt(name, { version: 1 })).to.deep.equal(first);
    expect(await client.getPrompt(name, { alias: 'production' })).to.deep.equal(first);
    expect(await client.getPrompt(name)).to.deep.equal({
      name,
      version: 2,
      template: [{ role: 'system', content: 'Greet {{name}}.' }],
      aliases: [],
      tags: {},
      responseFormat: { type: 'object' },
      modelConfig: { model_name: 'amazon.nova-lite-v1:0' },
    });
  });

  it('are registered version by version, as Python reads them, and named by an alias', async () => {
    const registered = uniqueName('register');
    const first = await client.registerPrompt(registered, { template: 'Greet {{name}}.', tags: { team: 'search' } });
    expect(first).to.deep.equal({
      name: registered,
      version: 1,
      template: 'Greet {{name}}.',
      aliases: [],
      tags: { team: 'search' },
    });
    const chat = {
      template: [{ role: 'system', content: 'Greet {{name}}.' }],
      commitMessage: 'as a chat',
      responseFormat: { type: 'object' },
      modelConfig: { model_name: 'amazon.nova-lite-v1:0' },
    };
    await client.registerPrompt(registered, chat);
    expect(await client.getPrompt(registered)).to.deep.equal({
      ...chat,
      name: registered,
      version: 2,
      aliases: [],
      tags: {},
    });
    await client.setPromptAlias(registered, 'production', first.version);
    expect(await client.getPrompt(registered, { alias: 'production' })).to.deep.equal({
      ...first,
      aliases: ['production'],
    });
    await client.setPromptAlias(registered, 'production', 2);
    expect(await client.getPrompt(registered, { alias: 'production' })).to.include({ version: 2 });
  });

  it('cannot be registered under a name that Python refuses', async () => {
    expect((await errorOf(client.registerPrompt('to greet', { template: 'Hi' }))).message).to.equal(
      '"to greet" cannot be the name of a prompt: use letters, digits, ".", "-" and "_".',
    );
  });

  it('are all kept if they are registered at the same time', async () => {
    const registered = uniqueName('race');
    const versions = await Promise.all(
      ['a', 'b', 'c'].map((template) => client.registerPrompt(registered, { template })),
    );
    expect(versions.map(({ version }) => version)).to.have.members([1, 2, 3]);
  });

  it('are rejected with MLflow’s error if they do not exist', async () => {
    expect((await errorOf(client.getPrompt(name, { version: 9 }))).errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
    expect((await errorOf(client.getPrompt(uniqueName('none')))).errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
    const error = await errorOf(client.getPrompt(name, { alias: 'staging' }));
    expect(error).to.include({
      errorCode: 'INVALID_PARAMETER_VALUE',
      message: 'Registered model alias staging not found.',
    });
  });

  it('are rejected if a model has their name', async () => {
    const model = uniqueName('model');
    await post('registered-models/create', { name: model });
    const { experimentId } = await client.getOrCreateExperiment(uniqueName('models'));
    const { runId } = await client.createRun({ experimentId });
    const response = await fetch(`${trackingUri}/api/2.0/mlflow/runs/get?run_id=${runId}`);
    const { run } = (await response.json()) as { run: { info: { artifact_uri: string } } };
    await post('model-versions/create', { name: model, source: `${run.info.artifact_uri}/model`, run_id: runId });
    expect((await errorOf(client.getPrompt(model, { version: 1 }))).message).to.equal(
      `"${model}" is registered at MLflow as a model, not as a prompt: correct the name.`,
    );
    expect((await errorOf(client.registerPrompt(model, { template: 'Hi' }))).message).to.equal(
      `"${model}" is registered at MLflow as a model, not as a prompt: correct the name.`,
    );
  });

  it('are linked to a trace, once each', async () => {
    const spans = recordSpans((tracer) => tracer.startSpan('greeting').end());
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName: uniqueName('linked') });
    await exportSpans(exporter, spans);
    await exporter.shutdown();
    const traceId = spans[0]?.spanContext().traceId ?? '';
    const prompt = await client.getPrompt(name, { alias: 'production' });
    await client.linkPromptsToTrace(traceId, [prompt]);
    await client.linkPromptsToTrace(traceId, [prompt, { name, version: '2' }]);
    const { tags } = await client.getTraceInfo(traceId);
    expect(JSON.parse(tags['mlflow.linkedPrompts'] ?? '')).to.deep.equal([
      { name, version: '1' },
      { name, version: '2' },
    ]);
    const { experimentId } = await client.getTraceInfo(traceId);
    const { traces } = await client.searchTraces({ experimentIds: [experimentId], filter: `prompt = '${name}/2'` });
    expect(traces.map(({ name }) => name)).to.deep.equal(['greeting']);
    const error = await errorOf(client.linkPromptsToTrace(`tr-${'0'.repeat(32)}`, [prompt]));
    expect(error.errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
  });
});
