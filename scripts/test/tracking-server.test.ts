import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { demoServer } from '../demo/server.js';
import { checkTrackingServer } from '../support/tracking-server.js';

describe('checkTrackingServer', () => {
  let server: Server;
  let address: string;
  let answer: { status: number; text: string };
  let received: IncomingHttpHeaders;
  before(async () => {
    server = createServer((request, response) => {
      received = request.headers;
      response.writeHead(answer.status).end(answer.text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const messageOf = (uri: string): Promise<string> =>
    checkTrackingServer(uri, 'Advice.').then(
      () => 'no error',
      (error: Error) => error.message,
    );

  it('sends user name and password, and removes them from the address for messages', async () => {
    answer = { status: 200, text: 'OK' };
    const checked = await checkTrackingServer(`http://ada:s%40cret@${address}/`, '');
    expect(checked).to.deep.equal({ uri: `http://ada:s%40cret@${address}`, shownUrl: `http://${address}` });
    expect(received.authorization).to.equal(`Basic ${Buffer.from('ada:s@cret').toString('base64')}`);
  });

  it('accepts a server that asks for another password', async () => {
    answer = { status: 401, text: 'not authenticated' };
    expect(await messageOf(`http://${address}`)).to.equal('no error');
  });

  it('reports a server that is not an MLflow server', async () => {
    answer = { status: 404, text: '<html>' };
    expect(await messageOf(`http://ada:secret@${address}`)).to.equal(
      `The server at http://${address} is not an MLflow server (/health: status 404). Advice.`,
    );
  });

  it('does not repeat a malformed URL, which may contain a password', async () => {
    for (const uri of ['https://ada:p#ss@host:x', 'http://ada:secret@h:999999', 'nonsense']) {
      expect(await messageOf(uri)).to.equal(
        'This is not the URL of an MLflow server, such as http://localhost:5000. Advice.',
      );
    }
  });
});

describe('demoServer', () => {
  it('lets one demo at a time use the data, even while its server starts', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'demo-'));
    writeFileSync(join(directory, 'running.json'), JSON.stringify({ pid: process.pid }));
    const error = await demoServer({ directory, aws: false, keep: false, help: false }, () => undefined).catch(
      (thrown: Error) => thrown,
    );
    rmSync(directory, { recursive: true });
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.equal(
      'A demo is starting on the same data already. Wait until it is up, or use other data: npm run demo -- --directory DIR',
    );
  });
});
