/** The public API of the packages, as API Extractor reads it from the declarations of the build. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { ROOT, readManifest } from './packages.js';

/**
 * Returns the reports of a package by the names of their files, one for each entry.
 *
 * @param entry its folder in `packages`
 * @throws Error if API Extractor cannot read the declarations
 */
export function apiReports(entry: string): Map<string, string> {
  const projectFolder = join(ROOT, 'packages', entry);
  const temporary = mkdtempSync(join(projectFolder, 'node_modules', '.api-'));
  try {
    const configs = typesOf(entry).map(([name, types]) => configOf(projectFolder, temporary, name, types));
    let compilerState: CompilerState | undefined;
    for (const config of configs) {
      compilerState ??= CompilerState.create(config, {
        additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
      });
      Extractor.invoke(config, {
        compilerState,
        localBuild: true,
        messageCallback: (message) => {
          message.handled = message.logLevel !== ExtractorLogLevel.Error;
        },
      });
    }
    const files = readdirSync(temporary).filter((file) => file.endsWith('.api.md'));
    return new Map(files.map((file) => [file, readFileSync(join(temporary, file), 'utf8')]));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The name of each entry, and the path of its declarations. */
function typesOf(entry: string): [string, string][] {
  const { exports: entries } = readManifest(`packages/${entry}`);
  return Object.entries(entries).flatMap(([path, conditions]): [string, string][] => {
    const types = firstTypes(conditions);
    return types === undefined ? [] : [[path === '.' ? 'index' : path.slice(2).replace('/', '-'), types]];
  });
}

function firstTypes(conditions: unknown): string | undefined {
  if (typeof conditions !== 'object' || conditions === null) return undefined;
  const { types, ...others } = conditions as Record<string, unknown>;
  return typeof types === 'string' ? types : firstTypes(Object.values(others)[0]);
}

function configOf(projectFolder: string, temporary: string, name: string, types: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, types),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          extends: '../../tsconfig.base.json',
          compilerOptions: { noEmit: true, types: ['node'] },
          include: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: temporary,
        reportTempFolder: join(temporary, 'temp'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' as ExtractorLogLevel } },
        extractorMessageReporting: { default: { logLevel: 'none' as ExtractorLogLevel } },
        tsdocMessageReporting: { default: { logLevel: 'none' as ExtractorLogLevel } },
      },
    },
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObjectFullPath: undefined,
  });
}
