import { EXAMPLES } from 'testing/examples.js';
import { parseArguments } from '../../../../packages/mlflow-bedrock/src/doctor/arguments.js';
import type { Repository } from './repository.js';
import type { Command } from './shell.js';

/** Finds what a command names and the repository lacks. */
type Check = (args: readonly string[], repository: Repository) => readonly string[];

/** Programs that come from elsewhere. Their arguments are theirs. */
const FOREIGN = ['aws', 'cd', 'cp', 'curl', 'deno', 'ffmpeg', 'go', 'mkdir', 'mlflow', 'otelcol', 'uvx'];
/** OpenTelemetry's own exporters read these. */
const OF_OPENTELEMETRY = /^OTEL_EXPORTER_OTLP_(?:TRACES_)?(?:ENDPOINT|HEADERS|TIMEOUT)$/;
const FOLDERS = /(?<![\w./-])(?:bench|deploy|docs|examples|packages|scripts)\/[\w./-]*\w/g;
/** Files of the reader's, or that a command before has made. */
const OF_THE_READER = /^(?:app\.[cm]?[jt]s|dist\/.*|build|\.output\/.*|\.\/tracing\.js|esbuild\.config\.mjs)$/;
const MODULES = ['mlflow-bedrock/register', './tracing.js', 'tsx'];

const CHECKS: Readonly<Record<string, Check>> = {
  bun: ([first = '', ...args], repository) =>
    first === 'add' ? unknownPackages(args, repository) : startFaults([first, ...args]),
  docker: composeFaults,
  node: startFaults,
  npm: npmFaults,
  npx: npxFaults,
};

/** What is wrong with a command of a page, for people. */
export function commandFaults({ words, sets }: Command, repository: Repository): string[] {
  const [program, ...args] = words;
  const variables = [...sets, ...environmentOf(args)].filter((name) => name.includes('_'));
  const paths = words.flatMap((word) => word.match(FOLDERS) ?? []);
  return [
    ...variables
      .filter((name) => !repository.variables.has(name) && !OF_OPENTELEMETRY.test(name))
      .map((name) => `no program reads ${name}`),
    ...paths.filter((path) => !repository.has(path)).map((path) => `there is no ${path}`),
    ...(program === undefined ? [] : programFaults(program, args, repository)),
  ];
}

function programFaults(program: string, args: readonly string[], repository: Repository): readonly string[] {
  const check = CHECKS[program];
  if (check !== undefined) return check(args, repository);
  // What follows a command inside of another one is no program.
  return FOREIGN.includes(program) || !/^[a-z]/.test(program) ? [] : [`the program ${program} is unknown`];
}

/** The variables that `docker run --env NAME=value` sets. */
function environmentOf(args: readonly string[]): string[] {
  return args.filter((_, index) => args[index - 1] === '--env').map((word) => word.split('=')[0] ?? '');
}

function npmFaults(args: readonly string[], repository: Repository): readonly string[] {
  const [command = '', ...rest] = args;
  if (command === 'test') return [];
  if (command === 'install') return unknownPackages(rest, repository);
  const [script = '', separator, ...own] = rest;
  if (command !== 'run' || !repository.scripts.has(script)) return [`there is no "npm ${args.join(' ')}"`];
  if (separator !== undefined && separator !== '--') return ['npm needs "--" before the arguments'];
  if (script === 'pnpm') return [];
  const name = EXAMPLES.find((example) => example === own[0]);
  if (script === 'example' && name === undefined) return [`there is no example ${own[0]}`];
  return unknownOptions(own, repository);
}

function npxFaults([tool = '', ...args]: readonly string[], repository: Repository): readonly string[] {
  if (tool === 'mlflow-bedrock') {
    const parsed = parseArguments(args);
    return parsed.kind === 'wrong' ? [parsed.message] : [];
  }
  const own = tool === 'nest' ? '@nestjs/cli' : tool === 'cdk' ? 'aws-cdk' : tool;
  return repository.packages.has(own) ? [] : [`the package ${own} is unknown`];
}

function unknownPackages(words: readonly string[], repository: Repository): string[] {
  const names = words.filter((word) => !word.startsWith('-')).map((word) => word.replace(/(?<=.)@.*/, ''));
  return names.filter((name) => !repository.packages.has(name)).map((name) => `the package ${name} is unknown`);
}

function unknownOptions(words: readonly string[], repository: Repository): string[] {
  const names = words.filter((word) => word.length > 2 && word.startsWith('--')).map((word) => word.slice(2));
  return names.filter((name) => !repository.options.has(name)).map((name) => `no script has the option --${name}`);
}

/** The arguments of `node`, and of `bun` with a program. */
function startFaults(args: readonly string[]): string[] {
  const isModule = (index: number): boolean => /^--(?:import|require|preload)$/.test(args[index - 1] ?? '');
  return args.flatMap((word, index) => {
    if (isModule(index)) return MODULES.includes(word) ? [] : [`there is no module ${word}`];
    return word.startsWith('--') || OF_THE_READER.test(word) ? [] : [`there is no file ${word}`];
  });
}

function composeFaults([command, ...args]: readonly string[], { services, profiles }: Repository): string[] {
  if (command !== 'compose')
    return ['run', 'login', 'pull', 'push', 'tag'].includes(command ?? '') ? [] : [`docker ${command}`];
  const profile = args.filter((_, index) => args[index - 1] === '--profile').find((name) => !profiles.has(name));
  if (profile !== undefined) return [`there is no profile ${profile}`];
  const rest = args[0] === '--profile' ? args.slice(2) : args;
  const [subcommand = '', ...words] = rest.filter((word) => !word.startsWith('-'));
  const named: Readonly<Record<string, readonly string[]>> = {
    up: words,
    logs: words,
    stop: words,
    start: words,
    exec: words.slice(0, 1),
    run: words.slice(0, 1),
    cp: words.filter((word) => word.includes(':')).map((word) => word.split(':')[0] ?? ''),
  };
  const mentioned = named[subcommand];
  if (mentioned === undefined) return [`there is no check of "docker compose ${subcommand}"`];
  return mentioned.filter((name) => !services.has(name)).map((name) => `there is no service ${name}`);
}
