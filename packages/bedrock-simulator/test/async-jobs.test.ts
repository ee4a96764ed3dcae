import {
  type BedrockRuntimeClient,
  GetAsyncInvokeCommand,
  ListAsyncInvokesCommand,
  type ListAsyncInvokesCommandInput,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { client, closeAll, failure, simulator } from './support.js';

const REQUEST = {
  modelId: 'amazon.nova-reel-v1:0',
  modelInput: { taskType: 'TEXT_VIDEO', textToVideoParams: { text: 'A cat' } },
  outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket/videos/' } },
};

describe('asynchronous invocations', () => {
  afterEach(closeAll);

  async function start(bedrock: BedrockRuntimeClient, clientRequestToken?: string): Promise<string> {
    const token = clientRequestToken === undefined ? {} : { clientRequestToken };
    return (await bedrock.send(new StartAsyncInvokeCommand({ ...REQUEST, ...token }))).invocationArn ?? '';
  }

  it('are in progress when first read, and completed when read again', async () => {
    const bedrock = client((await simulator()).url);
    const invocationArn = await start(bedrock);
    expect(invocationArn).to.match(/^arn:aws:bedrock:us-east-1:123456789012:async-invoke\/[a-z0-9]{12}$/);
    const first = await bedrock.send(new GetAsyncInvokeCommand({ invocationArn }));
    expect(first).to.include({
      invocationArn,
      status: 'InProgress',
      modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:0',
    });
    expect(first.submitTime).to.be.a('date');
    expect(first.endTime).to.equal(undefined);
    const id = invocationArn.split('/').at(-1);
    expect(first.outputDataConfig?.s3OutputDataConfig?.s3Uri).to.equal(`s3://bucket/videos/${id}`);
    const second = await bedrock.send(new GetAsyncInvokeCommand({ invocationArn }));
    expect(second.status).to.equal('Completed');
    expect(second.endTime).to.be.a('date').and.deep.equal(second.lastModifiedTime);
    expect(await bedrock.send(new GetAsyncInvokeCommand({ invocationArn }))).to.deep.include({
      endTime: second.endTime,
    });
  });

  it('start only once for the same client token', async () => {
    const bedrock = client((await simulator()).url);
    expect(await start(bedrock, 'one')).to.equal(await start(bedrock, 'one'));
    expect(await start(bedrock, 'one')).to.not.equal(await start(bedrock, 'two'));
    expect(await start(bedrock)).to.not.equal(await start(bedrock));
  });

  it('are listed with the newest first, by page and by status', async () => {
    const bedrock = client((await simulator()).url);
    const arns = [await start(bedrock), await start(bedrock), await start(bedrock)];
    const list = async (input: ListAsyncInvokesCommandInput) => {
      const output = await bedrock.send(new ListAsyncInvokesCommand(input));
      return { arns: output.asyncInvokeSummaries?.map(({ invocationArn }) => invocationArn), next: output.nextToken };
    };
    await bedrock.send(new GetAsyncInvokeCommand({ invocationArn: arns[0] }));
    expect((await list({ statusEquals: 'Completed' })).arns).to.deep.equal([arns[0]]);
    const page = await list({ maxResults: 2 });
    expect(page).to.deep.equal({ arns: [arns[2], arns[1]], next: '2' });
    expect(await list({ maxResults: 2, nextToken: page.next })).to.deep.equal({ arns: [arns[0]], next: undefined });
    expect((await list({ sortOrder: 'Ascending' })).arns).to.deep.equal(arns);
  });

  it('are not found if they were never started', async () => {
    const bedrock = client((await simulator()).url);
    const invocationArn = 'arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl';
    const error = await failure(bedrock.send(new GetAsyncInvokeCommand({ invocationArn })));
    expect(error.name).to.equal('ValidationException');
  });
});
