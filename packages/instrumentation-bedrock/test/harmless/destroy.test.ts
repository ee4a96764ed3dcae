/** `client.destroy()` while streams are open, with the newest SDK over both HTTP versions and with SDK 3.600. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { http1Handler, sameAsUntraced, turns, until } from '../support/compare.js';
import { describeDestroy, prepareDestroy, read } from '../support/destroy-scenarios.js';
import { AGENT_STREAM, OLD_RUNTIME_STREAMS, RUNTIME_STREAMS } from '../support/streaming.js';

describeDestroy('the newest SDK over HTTP/2', { ...RUNTIME_STREAMS, ...AGENT_STREAM });
describeDestroy('the newest SDK over HTTP/1.1', RUNTIME_STREAMS, http1Handler());
describeDestroy('SDK 3.600', OLD_RUNTIME_STREAMS);

describe('client.destroy()', () => {
  const { tracing, create } = prepareDestroy();
  const converse = RUNTIME_STREAMS['ConverseStream']!;

  it('records a stream that the application begins to read later, over HTTP/2', async () => {
    const client = create(converse);
    const stream = await converse.open(client);
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { events } = await read(stream);
    const [span, ...others] = tracing().spans();
    expect(others).to.deep.equal([]);
    expect(span?.events).to.have.lengthOf(events);
    expect(span?.attributes).to.have.property('gen_ai.usage.output_tokens');
  });

  it('ends the spans of this client only', async () => {
    const [first, second] = [create(converse), create(converse)] as const;
    const streams = await Promise.all([first, second].map((client) => converse.open(client)));
    first.destroy();
    await until(() => tracing().spans().length > 0);
    await turns(3);
    expect(tracing().spans()).to.have.lengthOf(1);
    const { events } = await read(streams[1]!);
    expect(tracing().spans()).to.have.lengthOf(2);
    expect(tracing().spans()[1]?.events).to.have.lengthOf(events);
    second.destroy();
  });

  it('is seen if a subclass overrides destroy and calls the inherited one', async () => {
    let destroyed = 0;
    class Client extends sdk.BedrockRuntimeClient {
      override destroy(): void {
        destroyed++;
        super.destroy();
      }
    }
    const client = create(converse, {}, Client);
    const stream = await converse.open(client);
    client.destroy();
    await until(() => tracing().spans().length > 0);
    expect(destroyed).to.equal(1);
    expect(stream).to.be.an('object');
  });

  it('returns and throws what the SDK returns and throws', async () => {
    const thrown = new Error('cannot be destroyed');
    const outcomes = await sameAsUntraced(tracing(), async () => {
      const client = create(converse);
      const returned: unknown = client.destroy();
      const requestHandler = {
        handle: () => Promise.reject(thrown),
        destroy: () => {
          throw thrown;
        },
      };
      const broken = create(converse, { requestHandler });
      try {
        broken.destroy();
        return [returned];
      } catch (error) {
        return [returned, error];
      }
    });
    expect(outcomes).to.deep.equal([undefined, thrown]);
    const { name, length } = Object.getPrototypeOf(sdk.BedrockRuntimeClient.prototype).destroy;
    expect({ name, length }).to.deep.equal({ name: 'destroy', length: 0 });
  });
});
