/** Other AWS clients share `send` with the traced client and must not be affected. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { startTracing, type Tracing } from '../support/tracing.js';

const ITEM = '{"Item":{"id":{"S":"1"},"text":{"S":"kept"}}}';
const BUCKETS =
  '<?xml version="1.0"?><ListAllMyBucketsResult><Buckets><Bucket><Name>mine</Name></Bucket></Buckets></ListAllMyBucketsResult>';

describe('other AWS clients', () => {
  let server: Server;
  let received: unknown[];
  let tracing: Tracing;
  before(async () => {
    server = createServer(async (request, response) => {
      const body = await text(request);
      const target = request.headers['x-amz-target'];
      received.push({ method: request.method, url: request.url, target, body });
      if (request.url?.startsWith('/missing')) {
        response.writeHead(404, { 'content-type': 'application/xml' });
        response.end('<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>');
      } else if (target) {
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(String(target).endsWith('GetItem') ? ITEM : '{}');
      } else {
        response.writeHead(200, { etag: '"1"' }).end(request.url?.startsWith('/bucket') ? 'content' : BUCKETS);
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    received = [];
    tracing = startTracing();
  });
  afterEach(() => tracing.close());

  const settings = () => ({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });

  /** What the application and the service get from each call. */
  async function useThem(): Promise<unknown> {
    received = [];
    const s3 = new S3Client({ ...settings(), forcePathStyle: true });
    const dynamo = new DynamoDBClient(settings());
    const object = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    const stored = await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'content' }));
    const missing = await s3
      .send(new GetObjectCommand({ Bucket: 'missing', Key: 'key' }))
      .catch((error: Error) => ({ name: error.name, message: error.message }));
    const buckets = await new Promise((resolve) => {
      s3.send(new ListBucketsCommand({}), (error, output) => resolve([error, output?.Buckets]));
    });
    const put = await dynamo.send(new PutItemCommand({ TableName: 'table', Item: { id: { S: '1' } } }));
    const item = await dynamo.send(new GetItemCommand({ TableName: 'table', Key: { id: { S: '1' } } }));
    const seen = {
      object: [object.ETag, await object.Body?.transformToString()],
      stored: stored.ETag,
      missing,
      buckets,
      put: put.$metadata.httpStatusCode,
      item: item.Item,
      received,
    };
    s3.destroy();
    dynamo.destroy();
    return seen;
  }

  it('share the patched send', () => {
    expect(S3Client.prototype.send).to.equal(sdk.BedrockRuntimeClient.prototype.send);
    expect(DynamoDBClient.prototype.send).to.equal(sdk.BedrockRuntimeClient.prototype.send);
  });

  it('send and get the same and have no spans', async () => {
    tracing.instrumentation.disable();
    const plain = await useThem();
    tracing.instrumentation.enable();
    expect(await useThem()).to.deep.equal(plain);
    expect(plain).to.have.deep.nested.property('item.text.S', 'kept');
    expect(plain).to.have.property('received').with.lengthOf(6);
    expect(tracing.spans()).to.deep.equal([]);
  });

  it('call their own send with the same arguments and get its promise', () => {
    const calls: unknown[][] = [];
    const promise = Promise.resolve({});
    class Client extends S3Client {
      override send = undefined as never;
    }
    Object.defineProperty(Client.prototype, 'send', {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        calls.push([this, ...args]);
        return promise;
      },
    });
    tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Client });
    const client = Object.create(Client.prototype, { config: { value: { serviceId: 'S3' } } }) as object;
    const send = Reflect.get(Client.prototype, 'send') as (...args: unknown[]) => unknown;
    const command = new GetObjectCommand({ Bucket: 'bucket', Key: 'key' });
    const middleware = command.middlewareStack.identify();
    const options = { requestTimeout: 1 };
    const callback = () => undefined;
    expect(send.call(client, command, options, callback)).to.equal(promise);
    expect(calls).to.have.lengthOf(1);
    for (const [index, argument] of [client, command, options, callback].entries()) {
      expect(calls[0]?.[index]).to.equal(argument);
    }
    expect(command.middlewareStack.identify()).to.deep.equal(middleware);
  });

  it('have only their serviceId read, and nothing of the command', () => {
    const looks: string[] = [];
    const watched = (name: string, target: object): object =>
      new Proxy(target, {
        get(object, key) {
          looks.push(`${name}.${String(key)}`);
          return Reflect.get(object, key);
        },
      });
    class Client {
      send(): string {
        return 'sent';
      }
    }
    tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Client });
    const client = watched('client', { config: watched('config', { serviceId: 'DynamoDB' }) });
    expect(Reflect.apply(Client.prototype.send, client, [watched('command', {})])).to.equal('sent');
    expect(looks).to.deep.equal(['client.config', 'config.serviceId']);
  });
});
