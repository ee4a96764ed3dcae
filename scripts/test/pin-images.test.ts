import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { COMPOSE_FILE } from 'testing/compose.js';
import { type HttpServer, listen } from 'testing/http-server.js';
import { addressOf, digestOf, pinImages } from '../pin-images.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONTENT = '{"schemaVersion":2,"manifests":[]}';
const DIGEST = `sha256:${createHash('sha256').update(CONTENT).digest('hex')}`;
const OLD = `sha256:${'0'.repeat(64)}`;

describe('npm run pin-images', () => {
  let registry: HttpServer;
  /** What the registry does with a request for a manifest that has its token. */
  let answer: (response: ServerResponse) => void;

  const manifest =
    (headers: Record<string, string>, body = CONTENT) =>
    (response: ServerResponse) =>
      response.writeHead(200, headers).end(body);

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', registry.url);
    if (pathname === '/token') {
      response.end(JSON.stringify({ token: `for ${searchParams.get('service')} ${searchParams.get('scope')}` }));
    } else if (request.headers.authorization !== 'Bearer for fake repository:team/app:pull') {
      const challenge = `Bearer realm="${registry.url}/token",service="fake",scope="repository:team/app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    } else if (pathname === '/v2/team/app/manifests/1.2' && request.headers.accept?.includes(INDEX)) {
      answer(response);
    } else {
      response.writeHead(404).end();
    }
  }

  before(async () => {
    registry = await listen(handle);
  });
  after(() => registry.close());

  const digest = (tag: string): Promise<string> =>
    digestOf({ registry: new URL(registry.url).host, repository: 'team/app', tag }, 'http');
  const failure = (tag: string): Promise<string> =>
    digest(tag).then(
      () => 'none',
      ({ message }: Error) => message,
    );

  it('computes the digest from what the registry sends', async () => {
    answer = manifest({ 'content-type': `${INDEX}; charset=utf-8`, 'docker-content-digest': DIGEST });
    expect(await digest('1.2')).to.equal(DIGEST);
    answer = manifest({ 'content-type': INDEX });
    expect(await digest('1.2')).to.equal(DIGEST);
  });

  it('fails if content and digest differ, for one platform, and for unknown tags', async () => {
    answer = manifest({ 'content-type': INDEX, 'docker-content-digest': OLD });
    expect(await failure('1.2')).to.contain(`the registry names ${OLD}, but the content has ${DIGEST}`);
    answer = manifest({ 'content-type': 'application/vnd.oci.image.manifest.v1+json' });
    expect(await failure('1.2')).to.contain('is not an image for several platforms');
    expect(await failure('9.9')).to.contain('team/app:9.9: the registry answered 404. Check the name and the tag.');
  });

  it('looks for images where Docker does', () => {
    const docker = 'registry-1.docker.io';
    expect(addressOf('postgres:17')).to.deep.equal({ registry: docker, repository: 'library/postgres', tag: '17' });
    expect(addressOf('otel/a-b:0.1.0')).to.deep.equal({ registry: docker, repository: 'otel/a-b', tag: '0.1.0' });
    expect(addressOf('ghcr.io/a/b:v1')).to.deep.equal({ registry: 'ghcr.io', repository: 'a/b', tag: 'v1' });
    expect(addressOf('localhost:5000/b:v1')).to.deep.equal({ registry: 'localhost:5000', repository: 'b', tag: 'v1' });
  });

  it('writes digests behind tags, in place of older ones, and changes nothing else', async () => {
    const text = `a:\n  image: &one team/app:1.2\nb:\n  image: *one\nc:\n  image: x.io/y:2@${OLD}\n# image: z:3 is old\n`;
    const expected = `a:\n  image: &one team/app:1.2@${DIGEST}\nb:\n  image: *one\nc:\n  image: x.io/y:2@${DIGEST}\n# image: z:3 is old\n`;
    expect(await pinImages(text, async () => DIGEST)).to.equal(expected);
    expect(await pinImages(expected, async () => DIGEST)).to.equal(expected);
  });

  it('finds every image of docker-compose.yml', async () => {
    const text = readFileSync(COMPOSE_FILE, 'utf8');
    const pinned = await pinImages(text, async () => DIGEST);
    const images = [...pinned.matchAll(/^\s*image:\s+(?!\*)(.*)$/gm)].map(([, image = '']) => image);
    expect(images).to.have.length.greaterThan(4);
    for (const image of images) expect(image).to.match(new RegExp(`:[\\w.-]+@${DIGEST}$`));
  });
});
