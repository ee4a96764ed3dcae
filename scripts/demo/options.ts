import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MLFLOW_HOME } from 'testing/mlflow/install.js';

/** The help text. */
export const USAGE = `Usage: npm run demo -- [options]
Starts MLflow and a Bedrock simulator, runs the examples, and shows their traces as MLflow has them.
  --aws            call Amazon Bedrock with your AWS credentials and region instead of the simulator
  --mlflow URL     use a running MLflow server instead of starting one
  --port N         port of the MLflow server (default: a free one)
  --directory DIR  where that server keeps its data (default: .mlflow/demo)
  --keep           stay up afterwards, until Ctrl-C (default in a terminal)
  --exit           end afterwards (default without a terminal)
  --help           show this`;

/** The command line of `npm run demo`. */
export interface DemoOptions {
  aws: boolean;
  /** The URL of a running server. Absent: start one. */
  mlflow?: string;
  port?: number;
  directory: string;
  keep: boolean;
  help: boolean;
}

const OPTIONS = {
  aws: { type: 'boolean' },
  mlflow: { type: 'string' },
  port: { type: 'string' },
  directory: { type: 'string' },
  keep: { type: 'boolean' },
  exit: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the command line.
 *
 * @param isTerminal whether standard output is a terminal
 * @throws Error that names the wrong option and shows the usage
 */
export function readOptions(args: string[], isTerminal: boolean): DemoOptions {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    const { mlflow, port } = values;
    if (values.keep && values.exit) throw new Error('--keep and --exit exclude each other.');
    if (mlflow !== undefined && (port !== undefined || values.directory !== undefined)) {
      throw new Error('--port and --directory are for the server that the demo starts: leave them out with --mlflow.');
    }
    return {
      aws: values.aws ?? false,
      ...(mlflow === undefined ? {} : { mlflow }),
      ...(port === undefined ? {} : { port: readPort(port) }),
      directory: resolve(values.directory ?? join(MLFLOW_HOME, 'demo')),
      keep: values.keep ?? (values.exit ? false : isTerminal),
      help: values.help ?? false,
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`--port takes a number from 1 to 65535, not "${text}".`);
}
