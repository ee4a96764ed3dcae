/** A group of pages in the sidebar. */
export interface SidebarGroup {
  readonly title: string;
  /** Paths of Markdown files from the root of the repository. `*` stands for one part of a path. */
  readonly pages: readonly string[];
  /** Whether the group is closed at first. Default: false. */
  readonly isClosed?: boolean;
}

/** Every page of the site except its home page, in the order of the sidebar. Pages of a pattern are in alphabetical order. */
export const SIDEBAR: readonly SidebarGroup[] = [
  {
    title: 'Start',
    pages: ['README.md', 'docs/getting-started.md', 'docs/opentelemetry-setup.md', 'docs/settings.md'],
  },
  {
    title: 'What is recorded',
    pages: [
      'docs/attributes.md',
      'docs/streaming.md',
      'docs/privacy.md',
      'docs/filter-and-mask.md',
      'docs/redaction.md',
      'docs/tokens-and-cost.md',
    ],
  },
  {
    title: 'Agents',
    pages: [
      'docs/agents.md',
      'docs/bedrock-agents.md',
      'docs/knowledge-bases.md',
      'docs/agentcore.md',
      'docs/voice.md',
    ],
  },
  {
    title: 'Your application',
    pages: ['docs/frameworks.md', 'docs/other-instrumentations.md', 'docs/bundlers.md', 'docs/runtimes.md'],
  },
  {
    title: 'Where traces go',
    pages: [
      'docs/backends.md',
      'docs/mlflow-traces.md',
      'docs/connection.md',
      'docs/managed-mlflow.md',
      'docs/traces-in-files.md',
      'docs/collector.md',
      'deploy/README.md',
      'docs/aws.md',
      'docs/scale.md',
      'docs/delivery.md',
      'docs/mlflow-client.md',
    ],
  },
  { title: 'Help', pages: ['docs/troubleshooting.md', 'docs/compatibility.md', 'SUPPORT.md'] },
  { title: 'Coming from another tool', pages: ['docs/comparison.md', 'docs/migration/*.md'] },
  {
    title: 'Packages',
    pages: [
      'packages/mlflow-bedrock/README.md',
      'packages/instrumentation-bedrock/README.md',
      'packages/exporter-mlflow/README.md',
    ],
  },
  {
    title: 'API reference',
    pages: [
      'docs/api/README.md',
      ...['mlflow-bedrock', 'opentelemetry-instrumentation-bedrock', 'opentelemetry-exporter-mlflow'].flatMap((name) =>
        ['', '/*', '/*/*'].map((path) => `docs/api/${name}${path}.md`),
      ),
    ],
    isClosed: true,
  },
  {
    title: 'Examples',
    pages: [
      'examples/README.md',
      'examples/*/README.md',
      'examples/bundled/*/README.md',
      'examples/frameworks/*/README.md',
    ],
    isClosed: true,
  },
  {
    title: 'The project',
    pages: [
      'CONTRIBUTING.md',
      'docs/architecture.md',
      'docs/extending.md',
      'CODE_OF_CONDUCT.md',
      'SECURITY.md',
      'docs/decisions/*.md',
      'bench/README.md',
      'packages/bedrock-simulator/README.md',
      'packages/*/CHANGELOG.md',
    ],
    isClosed: true,
  },
];

/** Names in the sidebar of pages whose titles are too long there. */
export const SIDEBAR_NAMES: Readonly<Record<string, string>> = {
  'README.md': 'Overview',
  'docs/settings.md': 'Settings',
};
