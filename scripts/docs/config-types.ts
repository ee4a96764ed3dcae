/** Reads the options of public types from the source files of the packages, with what their docstrings state. */

import { join } from 'node:path';
import {
  type InterfaceDeclaration,
  type JSDoc,
  Node,
  Project,
  type PropertySignature,
  type SourceFile,
  type TypeNode,
} from 'ts-morph';

/** An option as its docstring describes it. */
export interface Option {
  /** With the names of the options around it: `retry.maxRetries`. */
  readonly name: string;
  /** The folder below `packages` whose source declares it. */
  readonly package: string;
  /** The summary of the docstring without its environment variables. */
  readonly meaning: string;
  /** What stands behind "Environment:" at the end of the summary. Empty if there is none. */
  readonly environment: string;
  /** The tag `@defaultValue`, or `required`. */
  readonly defaultValue: string;
}

/** The options of a type, those of the types that it extends first. */
export type OptionsOf = (type: string) => Option[];

const FILES = [
  'packages/instrumentation-bedrock/src/config.ts',
  'packages/exporter-mlflow/src/config.ts',
  'packages/exporter-mlflow/src/http/settings/config.ts',
  'packages/exporter-mlflow/src/processor.ts',
  'packages/mlflow-bedrock/src/autolog/options.ts',
];
/** Declared by OpenTelemetry. What our packages take from it is declared again. */
const FOREIGN_TYPES: ReadonlySet<string> = new Set(['InstrumentationConfig']);
const ENVIRONMENT = /(?:^|\s)Environment: (.*?)\.?$/;

/**
 * Reads types of the packages.
 *
 * @returns a function that throws an Error if there is no such type, or if an option has no docstring with a summary and
 *   the tag `@defaultValue`
 */
export function configTypes(root: string): OptionsOf {
  // Parsing is enough, and takes half a second. Resolving types would take ten.
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
    skipLoadingLibFiles: true,
  });
  const files = FILES.map((file) => project.addSourceFileAtPath(join(root, file)));
  return (type) => optionsOf(files, type);
}

function optionsOf(files: readonly SourceFile[], type: string): Option[] {
  if (FOREIGN_TYPES.has(type)) return [];
  const alias = files.map((file) => file.getTypeAlias(type)).find((found) => found !== undefined);
  if (alias !== undefined) return optionsOfReference(files, alias.getTypeNodeOrThrow());
  const declaration = interfaceOf(files, type);
  if (declaration === undefined) throw new Error(`${type} is declared in none of: ${FILES.join(', ')}.`);
  const inherited = declaration.getExtends().flatMap((parent) => optionsOfReference(files, parent));
  return [...inherited, ...declaration.getProperties().flatMap((property) => optionsOfProperty(files, property))];
}

/** Also for `Pick<Type, 'name' | …>`. */
function optionsOfReference(files: readonly SourceFile[], node: TypeNode): Option[] {
  const name = Node.isTypeReference(node) ? node.getTypeName().getText() : node.getText().replace(/<.*/s, '');
  if (!Node.isTypeReference(node) && !Node.isExpressionWithTypeArguments(node)) return optionsOf(files, name);
  if (name !== 'Pick') return optionsOf(files, name);
  const [type, names] = node.getTypeArguments();
  if (type === undefined || names === undefined) throw new Error(`${node.getText()}: Pick needs two arguments.`);
  const picked = new Set([...names.getText().matchAll(/'([^']+)'/g)].map(([, option]) => option));
  return optionsOfReference(files, type).filter((option) => picked.has(option.name));
}

/** An option that is an object of options stands for those. */
function optionsOfProperty(files: readonly SourceFile[], property: PropertySignature): Option[] {
  const type = property.getTypeNode()?.getText() ?? '';
  const name = property.getName();
  if (interfaceOf(files, type) === undefined) return [optionOf(property)];
  return optionsOf(files, type).map((option) => ({ ...option, name: `${name}.${option.name}` }));
}

function interfaceOf(files: readonly SourceFile[], type: string): InterfaceDeclaration | undefined {
  return files.map((file) => file.getInterface(type)).find((found) => found !== undefined);
}

function optionOf(property: PropertySignature): Option {
  const [comment] = property.getJsDocs();
  const summary = comment === undefined ? '' : oneLine(comment.getDescription());
  const defaultValue = property.hasQuestionToken() ? tagOf(comment, 'defaultValue') : 'required';
  const place = `${property.getSourceFile().getFilePath()}: ${property.getName()}`;
  if (summary === '') throw new Error(`${place} needs a docstring, because pages are made from it.`);
  if (defaultValue === '') throw new Error(`${place} needs the tag @defaultValue in its docstring.`);
  return {
    name: property.getName(),
    package: /\/packages\/([^/]+)\//.exec(property.getSourceFile().getFilePath())?.[1] ?? '',
    meaning: summary.replace(ENVIRONMENT, ''),
    environment: ENVIRONMENT.exec(summary)?.[1] ?? '',
    defaultValue,
  };
}

function tagOf(comment: JSDoc | undefined, name: string): string {
  const tag = comment?.getTags().find((found) => found.getTagName() === name);
  return oneLine(tag?.getCommentText() ?? '');
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
