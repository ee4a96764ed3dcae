/** Classes of SDKs that bundles hand over through the list on `globalThis`, in both orders, to any instrumentation. */

import { expect } from 'chai';
import { BedrockInstrumentation } from '../../src/index.js';
import type { readHandedOver } from '../../src/sdk/handed-over.js';
import { startTracing, type Tracing } from '../support/tracing.js';

/** A client as in a bundle: no module hook finds its class. */
type ClientClass = new () => { send(command: object): Promise<unknown> };

function bundledClient(): ClientClass {
  class Client {
    async send(_command: object): Promise<unknown> {
      return { $metadata: {} };
    }
  }
  return class extends Client {
    readonly config = { serviceId: 'Bedrock Runtime' };
  };
}

const LIST = Symbol.for('opentelemetry-instrumentation-bedrock.sdks.v1');
const shared = globalThis as { [LIST]?: object[] };

/** What the statement of the bundler plugin does. */
function handOver(Client: ClientClass): void {
  shared[LIST] ??= [];
  shared[LIST].push({ Client: Object.getPrototypeOf(Client) });
}

const call = (Client: ClientClass): Promise<unknown> => new Client().send({ input: {}, schema: ['', '', 'Plain'] });
const sendOf = (Client: ClientClass): unknown => Client.prototype.send;

describe('the SDK of a bundle', () => {
  let tracing: Tracing;
  beforeEach(() => {
    delete shared[LIST];
    tracing = startTracing();
  });
  afterEach(() => tracing.close());

  it('is traced if the instrumentation starts first', async () => {
    const Client = bundledClient();
    handOver(Client);
    await call(Client);
    expect(tracing.spans().map(({ name }) => name)).to.deep.equal(['plain']);
  });

  it('is traced if the SDK is loaded first', async () => {
    delete shared[LIST];
    const [First, Second] = [bundledClient(), bundledClient()];
    handOver(First);
    handOver(Second);
    tracing.instrumentation.disable();
    tracing.instrumentation.enable();
    await call(First);
    await call(Second);
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('reaches every copy of this package', async () => {
    // A second instance of the module, like the CommonJS build beside the ES module build.
    const second = (await import(`${new URL('../../src/sdk/handed-over.ts', import.meta.url)}?second`)) as {
      readHandedOver: typeof readHandedOver;
    };
    const found: unknown[] = [];
    const stop = second.readHandedOver((sdk) => found.push(sdk));
    const Client = bundledClient();
    handOver(Client);
    stop();
    await call(Client);
    expect(found).to.deep.equal([{ Client: Object.getPrototypeOf(Client) }]);
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('makes one span if several instrumentations are enabled, and is traced by those that remain', async () => {
    const other = new BedrockInstrumentation();
    other.setTracerProvider(tracing.provider);
    const Client = bundledClient();
    handOver(Client);
    await call(Client);
    expect(tracing.spans()).to.have.lengthOf(1);
    other.disable();
    const Later = bundledClient();
    handOver(Later);
    await call(Client);
    await call(Later);
    expect(tracing.spans()).to.have.lengthOf(3);
  });

  it('is left alone while the instrumentation is disabled, and traced once it is enabled again', async () => {
    tracing.instrumentation.disable();
    const Client = bundledClient();
    const original = sendOf(Client);
    handOver(Client);
    expect(sendOf(Client)).to.equal(original);
    await call(Client);
    expect(tracing.spans()).to.have.lengthOf(0);
    tracing.instrumentation.enable();
    await call(Client);
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('does not fail at something in the list that is no SDK', () => {
    handOver(bundledClient());
    for (const odd of [undefined, null, 1, {}, { Client: undefined }, { Client: 'text' }, { Client: {} }]) {
      expect(() => shared[LIST]?.push(odd as object)).not.to.throw();
    }
    tracing.instrumentation.disable();
    expect(() => tracing.instrumentation.enable()).not.to.throw();
  });
});
