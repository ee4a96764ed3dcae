import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Application, type ProjectReflection, type TypeDocOptions } from 'typedoc';
import { MarkdownPageEvent, type PluginOptions } from 'typedoc-plugin-markdown';
import ts from 'typescript';
import { API, ROOT } from './pages.js';

/** Folders of the published packages. The first package that exports a type has its documentation. */
const PACKAGES = ['exporter-mlflow', 'instrumentation-bedrock', 'mlflow-bedrock'];

const OPTIONS: Partial<TypeDocOptions & PluginOptions> = {
  name: 'API reference',
  out: join(ROOT, API),
  readme: 'none',
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  excludeProtected: true,
  sort: ['source-order'],
  groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases'],
  validation: { notDocumented: false, notExported: false, invalidLink: true },
  treatValidationWarningsAsErrors: true,
  router: 'module',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGroupHeadings: true,
  useCodeBlocks: true,
  useHTMLAnchors: true,
  expandParameters: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
};

/** What a package lets applications import. */
interface Entry {
  /** As in an `import`. */
  readonly name: string;
  /** Its declarations in the built package. */
  readonly declarations: string;
  /** One sentence or more about it. */
  readonly description: string;
}

/**
 * Writes the API reference of the published packages as Markdown.
 *
 * @throws Error if a public name has no docstring, or if a link in one leads nowhere
 */
export async function writeApi(): Promise<void> {
  rmSync(join(ROOT, API), { recursive: true, force: true });
  const entries = PACKAGES.flatMap(publicEntries);
  const app = await Application.bootstrapWithPlugins({ plugin: ['typedoc-plugin-markdown'], ...OPTIONS });
  const project = readTypes(app, entries);
  const descriptions = new Map(entries.map(({ name, description }) => [name, description]));
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = readable(page.contents ?? '', descriptions.get(page.model.name));
  });
  app.validate(project);
  for (const name of undocumentedNames(project)) app.logger.error(`${name} has no docstring.`);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('The API reference is incomplete. Mend the docstrings that the lines above name.');
  }
}

/** TypeDoc's own check asks for a comment on each member, too, also where its name says everything. */
function undocumentedNames({ children: modules = [] }: ProjectReflection): string[] {
  return modules.flatMap((module) =>
    (module.children ?? [])
      .filter(
        (child) => !child.isReference() && ![child, ...(child.signatures ?? [])].some((part) => part.hasComment()),
      )
      .map(({ name }) => `${name} of ${module.name}`),
  );
}

/** The types come from the builds, as applications get them. So the packages share types, and each has one place. */
function readTypes(app: Application, entries: readonly Entry[]): ProjectReflection {
  const program = ts.createProgram(
    entries.map(({ declarations }) => declarations),
    {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    },
  );
  return app.converter.convert(
    entries.map(({ name, declarations }) => {
      const sourceFile = program.getSourceFile(declarations);
      if (!sourceFile) throw new Error(`${declarations} is missing. Build the packages with "npm run build".`);
      return { displayName: name, program, sourceFile };
    }),
  );
}

function publicEntries(folder: string): Entry[] {
  const root = join(ROOT, 'packages', folder);
  const { name, description, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    description: string;
    exports: Record<string, string | { types?: string; import?: { types: string } }>;
  };
  return Object.entries(exports).flatMap(([path, conditions]) => {
    if (typeof conditions === 'string') return [];
    const types = conditions.import?.types ?? conditions.types ?? '';
    // Entries that are CommonJS only at run time have the same declarations as ES modules.
    const esm = types.replace('/cjs/', '/esm/');
    const source = join(root, types.replace(/dist\/\w+/, 'src').replace(/\.d\.ts$/, '.ts'));
    return {
      name: posix.join(name, path),
      declarations: join(root, existsSync(join(root, esm)) ? esm : types),
      description: path === '.' ? description : firstComment(source),
    };
  });
}

/** The comment at the start of a source file. Declarations lack it if the file exports nothing. */
function firstComment(source: string): string {
  const [, comment] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(source, 'utf8')) ?? [];
  if (!comment) throw new Error(`${source} is a public entry. Begin it with a comment "/** What it is for. */".`);
  return comment.replaceAll(/\n \*/g, '\n').trim();
}

/**
 * Makes a page of TypeDoc's plugin shorter: headings that every class or function repeats become bold words or vanish, and
 * re-exported names become one list. Headings get the anchors that the plugin's links use.
 */
function readable(text: string, description = ''): string {
  const reexports: string[] = [];
  const body = text
    .replaceAll(/^<a id="([^"]+)"><\/a>\n\n(#+ .*)$/gm, '$2 {#$1}')
    .replaceAll(/^## .*\n\n(?:Renames and re-exports|Re-exports) (\[.*\))\n(?:\n\*\*\*\n)?/gm, (_, link: string) => {
      reexports.push(link);
      return '';
    })
    .replaceAll(/^#{4,} (?:Implementation of|Overrides|Inherited from)[^\n]*\n\n[^\n]*\n\n?/gm, '')
    .replaceAll(/^#{4,} Get Signature.*\n\n/gm, '')
    .replaceAll(/^### (?:Accessors|Constructors|Methods|Properties)( \{.*\})?\n\n/gm, '')
    .replaceAll(
      /^#{3,} (Parameters|Returns|Throws|Example|Type Parameters|Default Value|Extends|Implements)\b.*$/gm,
      '**$1**',
    )
    .replaceAll(/^#### /gm, '### ')
    .replace(/^# .*\n/, (heading) => `${heading}\n${description}\n`);
  const list = reexports.length === 0 ? '' : `\n## From the packages below\n\n${reexports.join(',\n')}\n`;
  return `---\neditLink: false\noutline: 2\n---\n\n${body}${list}`;
}
