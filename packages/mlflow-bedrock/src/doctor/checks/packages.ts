import type { InstalledPackage, PackageFacts } from '../model/facts.js';
import { findings, type Result } from '../model/result.js';

const { ok, skipped, warning, problem } = findings('packages');

const PARTS = ['opentelemetry-instrumentation-bedrock', 'opentelemetry-exporter-mlflow'];
const API = '@opentelemetry/api';
const SDK_PACKAGES = ['@opentelemetry/sdk-trace', '@opentelemetry/sdk-trace-base', '@opentelemetry/core'];
const AWS_CLIENTS = [
  '@aws-sdk/client-bedrock-runtime',
  '@aws-sdk/client-bedrock-agent-runtime',
  '@aws-sdk/client-bedrock-agentcore',
];
const OTHER_SDKS = ['openai', '@anthropic-ai/bedrock-sdk', '@ai-sdk/amazon-bedrock'];
const OLDEST_AWS_CLIENT = [3, 600] as const;
const OLDEST_OPENAI = [4, 0] as const;
/** OpenTelemetry 3.x does not run on an older Node.js. */
const OLDEST_NODE_OF_LINE_3 = [22, 15] as const;

/** The packages whose copies the doctor looks for. */
export const PACKAGES_OF_INTEREST: ReadonlySet<string> = new Set([
  'mlflow-bedrock',
  ...PARTS,
  API,
  ...SDK_PACKAGES,
  ...AWS_CLIENTS,
  ...OTHER_SDKS,
]);

/** Checks which packages the application has, and whether their versions fit each other and Node.js. */
export function checkPackages({ root, packages, isPlugAndPlay }: PackageFacts, nodeVersion: string): Result[] {
  const copiesOf = (name: string): InstalledPackage[] => packages.filter((one) => one.name === name);
  if (isPlugAndPlay) {
    return [skipped("The packages were not checked, because Yarn's Plug'n'Play keeps them in archives.")];
  }
  // A set-up without autolog() needs these two only.
  const isOwnSetUp = PARTS.every((name) => copiesOf(name).length > 0);
  if (copiesOf('mlflow-bedrock').length === 0 && !isOwnSetUp) {
    return [
      problem(
        `mlflow-bedrock is not a dependency of the application in ${root}.`,
        `Run "npm install mlflow-bedrock ${API}" there.`,
      ),
    ];
  }
  return [
    ...checkOwn(packages),
    ...checkApi(copiesOf(API)),
    ...checkLines(SDK_PACKAGES.flatMap(copiesOf), nodeVersion),
    ...checkSdks([...AWS_CLIENTS, ...OTHER_SDKS].flatMap(copiesOf)),
  ];
}

function checkOwn(packages: readonly InstalledPackage[]): Result[] {
  const own = packages.filter(({ name }) =>
    /^(?:mlflow-bedrock|opentelemetry-(?:instrumentation|exporter)-)/.test(name),
  );
  const names = [...new Set(own.map(({ name }) => name))];
  const several = names.filter((name) => versionsOf(own.filter((one) => one.name === name)).length > 1);
  if (several.length === 0) return [ok(`Installed: ${own.map(named).join(', ')}.`)];
  return several.map((name) =>
    warning(
      `The application has several versions of ${name}: ${placesOf(own.filter((one) => one.name === name))}.`,
      `Ask for the same version everywhere. "npm ls ${name}" shows which package asks for which one.`,
    ),
  );
}

/** See `isCompatible` of the API: a copy ignores a tracer provider that a copy with a lower minor version registered. */
function checkApi(copies: readonly InstalledPackage[]): Result[] {
  if (copies.length === 0) {
    return [problem(`${API} is not installed, and all OpenTelemetry packages need it.`, `Run "npm install ${API}".`)];
  }
  if (versionsOf(copies).length === 1) return [];
  return [
    problem(
      `The application has several versions of ${API}: ${placesOf(copies)}. A package with a newer one cannot use the tracer provider of an older one.`,
      `Ask for the same version everywhere, for example with "overrides" in package.json. "npm ls ${API}" shows which package asks for which one.`,
    ),
  ];
}

function checkLines(copies: readonly InstalledPackage[], nodeVersion: string): Result[] {
  const ofLine = (major: number): InstalledPackage[] => copies.filter(({ version }) => numbersOf(version)[0] === major);
  const old = ofLine(1);
  const [line2, line3] = [ofLine(2), ofLine(3)];
  const results: Result[] = [];
  if (old.length > 0) {
    results.push(
      warning(
        `Some packages are of OpenTelemetry 1.x: ${placesOf(old)}. mlflow-bedrock works with 2.x and 3.x.`,
        'If they register the tracer provider of the application, update them to 2.x.',
      ),
    );
  }
  if (line2.length > 0 && line3.length > 0) {
    results.push(
      warning(
        `The application mixes OpenTelemetry 2.x (${placesOf(line2)}) and 3.x (${placesOf(line3)}).`,
        'Ask for one line everywhere, with all packages of @opentelemetry/* from the same release.',
      ),
    );
  }
  if (line3.length > 0 && isOlder(nodeVersion, OLDEST_NODE_OF_LINE_3)) {
    results.push(
      problem(
        `OpenTelemetry 3.x (${placesOf(line3)}) does not run on Node.js ${nodeVersion}.`,
        `Use Node.js ${OLDEST_NODE_OF_LINE_3.join('.')} or newer, or OpenTelemetry 2.x.`,
      ),
    );
  }
  return results;
}

function checkSdks(sdks: readonly InstalledPackage[]): Result[] {
  if (sdks.length === 0) {
    return [
      warning(
        'The application depends on no SDK for Amazon Bedrock that the doctor knows.',
        `Add one to its package.json, for example with "npm install ${AWS_CLIENTS[0]}".`,
      ),
    ];
  }
  const isTooOld = ({ name, version }: InstalledPackage): boolean =>
    (AWS_CLIENTS.includes(name) && isOlder(version, OLDEST_AWS_CLIENT)) ||
    (name === 'openai' && isOlder(version, OLDEST_OPENAI));
  return sdks.map((sdk) =>
    isTooOld(sdk)
      ? problem(
          `${named(sdk)} in ${sdk.folder} is too old to be traced in full.`,
          `Update it to ${sdk.name === 'openai' ? OLDEST_OPENAI[0] : OLDEST_AWS_CLIENT.join('.')} or newer: "npm install ${sdk.name}@latest".`,
        )
      : ok(`Found the SDK ${named(sdk)}.`),
  );
}

/** True if the version is older than these major and minor numbers. */
export function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor, ownMinor] = numbersOf(version);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function numbersOf(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return [major, minor];
}

function versionsOf(copies: readonly InstalledPackage[]): string[] {
  return [...new Set(copies.map(({ version }) => version))];
}

function named({ name, version }: InstalledPackage): string {
  return `${name} ${version}`;
}

function placesOf(copies: readonly InstalledPackage[]): string {
  return copies.map(({ version, folder }) => `${version} in ${folder}`).join(', ');
}
