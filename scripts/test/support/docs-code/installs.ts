import type { Block } from './blocks.js';
import { isCompiled, packagesIn, textOf } from './sources.js';

/** Packages that belong to tracing. The reader has the others already: an SDK, a framework, a bundler. */
const OF_TRACING = /^(?:@opentelemetry|@smithy|@vercel\/otel|@aws-sdk\/credential|mlflow-bedrock|opentelemetry-)/;
const OURS = /^(?:mlflow-bedrock|opentelemetry-(?:exporter-mlflow|instrumentation-bedrock))$/;
const INSTALL = /\b(?:npm install|bun add)((?: +(?:\\\n *)?[\w@./^~<>=*-]+)+)/g;

/** The packages that the commands in a text install, without versions. */
export function installedBy(text: string): string[] {
  return [...text.matchAll(INSTALL)].flatMap(([, names = '']) =>
    names
      .split(/[\s\\]+/)
      .filter((name) => name !== '' && !name.startsWith('-'))
      .map((name) => name.replace(/(?<=.)@.*/, '')),
  );
}

/**
 * Packages of tracing that the blocks of a page import, although no command of the page installs them. Only pages with a
 * block that installs a package of this repository explain a whole set-up.
 */
export function missingInstalls(page: string, blocks: readonly Block[]): string[] {
  const commands = blocks.filter(({ language }) => language === 'sh').map(({ lines }) => textOf(lines));
  if (!installedBy(commands.join('\n')).some((name) => OURS.test(name))) return [];
  const installed = installedBy(page);
  const imported = new Set(blocks.filter(isCompiled).flatMap(({ lines }) => [...packagesIn(textOf(lines))]));
  return [...imported].filter((name) => OF_TRACING.test(name) && !installed.includes(name));
}
