/** Arize Phoenix, an OTLP backend from PyPI. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMlflow, installPackages } from './mlflow/install.js';
import { PHOENIX } from './mlflow/package-sets.js';
import { freePorts } from './ports.js';
import { answers, startServer } from './server.js';

// Phoenix needs half a minute to import its modules on a busy machine.
const START_TIMEOUT_MILLIS = 180_000;
// Phoenix ignores PHOENIX_HOST for its gRPC port and would open it to the network.
const SERVE = `
import sys
from grpc.aio import _server
bind = _server.Server.add_insecure_port
_server.Server.add_insecure_port = lambda self, address: bind(self, address.replace("[::]", "127.0.0.1"))
sys.argv = ["phoenix", "serve"]
from phoenix.server.main import main
main()
`;

/** A span as Phoenix returns it. */
export interface PhoenixSpan {
  name: string;
  context: { trace_id: string; span_id: string };
  parent_id: string | null;
  /** `LLM`, `AGENT`, `TOOL` and so on. */
  span_kind: string;
  status_code: string;
  attributes: Readonly<Record<string, unknown>>;
}

/** A running Phoenix. */
export interface Phoenix {
  /** For its pages, its API, and OTLP over HTTP. */
  readonly url: string;
  /** The spans of a trace that Phoenix has now. The id has 32 hexadecimal digits. */
  spansOf(traceId: string): Promise<PhoenixSpan[]>;
  close(): Promise<void>;
}

/** Installs Phoenix if needed, and starts it. */
export async function startPhoenix(log: (line: string) => void): Promise<Phoenix> {
  const { python } = await installMlflow(log);
  const packages = await installPackages(PHOENIX, log);
  const directory = await mkdtemp(join(tmpdir(), 'phoenix-'));
  const [http, grpc] = await freePorts(2);
  const url = `http://127.0.0.1:${http}`;
  log('Starting Phoenix');
  const { close } = await startServer({
    name: 'Phoenix',
    command: [python, '-c', SERVE],
    directory,
    isTemporary: true,
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
