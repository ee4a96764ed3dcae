/** How the doctor was called. */
export interface DoctorArguments {
  /** The program to run, with its own arguments. Empty: none. */
  readonly application: readonly string[];
  /** Options of `node` for the application: `--import` and `--require`. */
  readonly nodeOptions: readonly string[];
  /** Whether to run the application. */
  readonly run: boolean;
  /** Whether to write a test trace. */
  readonly trace: boolean;
  readonly json: boolean;
  /** How long the application may run, in seconds. */
  readonly timeoutSeconds: number;
  /** A file with environment variables; absent if there is none. */
  readonly envFile?: string;
}

export type ParsedArguments =
  | { readonly kind: 'doctor'; readonly options: DoctorArguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

const DEFAULT_TIMEOUT_SECONDS = 30;
const MAX_TIMEOUT_SECONDS = 3600;

export const USAGE: string = `Usage: npx mlflow-bedrock doctor [options] [app.js [arguments]]

Checks what keeps traces of Amazon Bedrock from MLflow, and names the remedy: Node.js, packages, environment variables,
server, credentials, experiment, clock. Run it in the folder of the application, with the application's environment.

It writes a trace named "mlflow-bedrock doctor" to the experiment, reads it back and deletes it. If the experiment does
not exist, this creates it.

With app.js it also runs the application in a process of its own, which really calls Bedrock, and reports whether its
calls become traces. By itself it asks AWS for nothing but MLflow of SageMaker. It never prints credentials.

Options:
  --import <module>     start the application with this option of node, for example mlflow-bedrock/register
  --require <module>    the same for --require
  --env-file <file>     read environment variables from this file first
  --timeout <seconds>   end the application after this time (default: ${DEFAULT_TIMEOUT_SECONDS}); Ctrl+C ends it earlier
  --no-run              look at app.js without running it
  --no-trace            write nothing to MLflow
  --json                print the report as JSON, and the output of the application to stderr
  --help                print this text

Exit code: 0 if there is no problem (warnings are none), 1 if there is one, 2 if the command is wrong.
`;

/** Reads the arguments after the name of the program. What follows the name of the application belongs to that. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const rest = [...args];
  const command = rest.shift();
  if (command === undefined) return wrong('The command is missing.');
  if (command === 'help' || isHelp(command)) return { kind: 'help' };
  if (command !== 'doctor') return wrong(`There is no command "${command}".`);
  const nodeOptions: string[] = [];
  let options: Omit<DoctorArguments, 'application' | 'nodeOptions'> = {
    run: true,
    trace: true,
    json: false,
    timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
  };
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (!argument.startsWith('-')) {
      return { kind: 'doctor', options: { ...options, nodeOptions, application: [argument, ...rest] } };
    }
    const [name, inline] = splitOnce(argument, '=');
    if (isHelp(name)) return { kind: 'help' };
    const flag = FLAGS[name];
    if (flag !== undefined) {
      options = { ...options, ...flag };
      continue;
    }
    if (!VALUES.has(name)) return wrong(`There is no option "${name}".`);
    const value = inline ?? rest.shift();
    if (!value) return wrong(`The option ${name} needs a value.`);
    if (name === '--import' || name === '--require') nodeOptions.push(name, value);
    if (name === '--env-file') options = { ...options, envFile: value };
    if (name === '--timeout') {
      const timeoutSeconds = Number(value);
      if (!(timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS)) {
        return wrong(`--timeout is not a number of seconds up to ${MAX_TIMEOUT_SECONDS}.`);
      }
      options = { ...options, timeoutSeconds };
    }
  }
  return { kind: 'doctor', options: { ...options, nodeOptions, application: [] } };
}

const FLAGS: Readonly<Record<string, Partial<DoctorArguments>>> = {
  '--no-run': { run: false },
  '--no-trace': { trace: false },
  '--json': { json: true },
};
const VALUES: ReadonlySet<string> = new Set(['--import', '--require', '--env-file', '--timeout']);

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h';
}

function wrong(message: string): ParsedArguments {
  return { kind: 'wrong', message };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
