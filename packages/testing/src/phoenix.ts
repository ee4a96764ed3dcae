/** Arize Phoenix, an OTLP backend by others, from a Python package. */

import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMlflow, installPackages } from './mlflow/install.js';
import { freePorts } from './ports.js';
import { answers, waitForServer } from './process.js';

/** In a folder of its own, 620 MB with what they need. */
const PACKAGES = { name: 'phoenix', packages: ['arize-phoenix==20.26.1'] };
// It imports for half a minute on a busy machine.
const START_TIMEOUT_MILLIS = 180_000;
// Its gRPC port would be open to the network, whatever PHOENIX_HOST says.
const SERVE = `
import sys
from grpc.aio import _server
bind = _server.Server.add_insecure_port
_server.Server.add_insecure_port = lambda self, address: bind(self, address.replace("[::]", "127.0.0.1"))
sys.argv = ["phoenix", "serve"]
from phoenix.server.main import main
main()
`;

export interface PhoenixSpan {
  name: string;
  context: { trace_id: string; span_id: string };
  parent_id: string | null;
  status_code: string;
  attributes: Readonly<Record<string, unknown>>;
}

export interface Phoenix {
  /** Its pages, its interface, and OTLP over HTTP. */
  readonly url: string;
  /** The spans of a trace (32 hexadecimal digits) that it has by now. */
  spansOf(traceId: string): Promise<PhoenixSpan[]>;
  close(): Promise<void>;
}

export async function startPhoenix(log: (line: string) => void): Promise<Phoenix> {
  const { python } = await installMlflow(log);
  const packages = await installPackages(PACKAGES, log);
  const directory = await mkdtemp(join(tmpdir(), 'phoenix-'));
  const [http, grpc] = await freePorts(2);
  log('Starting Phoenix');
  const program = spawn(python, ['-c', SERVE], {
    cwd: directory,
    stdio: 'ignore',
    env: {
      ...process.env,
      PYTHONPATH: packages,
      PHOENIX_HOST: '127.0.0.1',
      PHOENIX_PORT: String(http),
      PHOENIX_GRPC_PORT: String(grpc),
      PHOENIX_WORKING_DIR: directory,
      PHOENIX_TELEMETRY_ENABLED: 'false',
      PHOENIX_ALLOW_EXTERNAL_RESOURCES: 'false',
    },
  });
  const url = `http://127.0.0.1:${http}`;
  const close = await waitForServer({
    name: 'Phoenix',
    program,
    directory,
    isReady: () => answers(`${url}/healthz`),
    startTimeoutMillis: START_TIMEOUT_MILLIS,
  });
  return {
    url,
    async spansOf(traceId) {
      const answer = await fetch(`${url}/v1/projects/default/spans?trace_id=${traceId}`);
      const { data } = (await answer.json()) as { data: PhoenixSpan[] };
      return data;
    },
    close,
  };
}
