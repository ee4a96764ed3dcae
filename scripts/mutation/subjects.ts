/** What `npm run mutation` changes, and the tests that must notice it. */
export interface Subject {
  readonly description: string;
  readonly package: 'exporter-mlflow' | 'instrumentation-bedrock';
  /** Files to change, as patterns below the package. */
  readonly files: readonly string[];
  /** Test files below `test` that need no server but the simulator, because they run after each change. */
  readonly tests: readonly string[];
}

/** Test files of the instrumentation that read what dialects make of requests, answers and streams. */
const DIALECT_TESTS = [
  ...['dialects', 'samples', 'usage', 'tagged-reasoning', 'union-members', 'values', 'numbers', 'chat-view'].map(
    (name) => `dialects/${name}`,
  ),
  ...['folds-anthropic', 'folds-converse', 'folds-figures', 'folds-openai', 'folds-text', 'bounded-fold'].map(
    (name) => `streams/${name}`,
  ),
  ...['content/parts', 'content/embeddings', 'harmless/odd-applications', 'voice/session', 'voice/content'],
  ...['flow', 'actions', 'steps', 'odd-streams', 'model-calls'].map((name) => `agents/${name}`),
  ...['generate', 'others', 'retrieve'].map((name) => `knowledge-bases/${name}`),
  ...['harness', 'memory', 'others', 'runtime', 'tools'].map((name) => `agentcore/${name}`),
  ...['calls', 'events', 'formats', 'odd-applications', 'responses', 'responses-streams', 'chat-view-responses'].map(
    (name) => `openai/${name}`,
  ),
];

export const SUBJECTS = {
  dialects: {
    description: 'how requests, answers and streams of each family of models are read',
    package: 'instrumentation-bedrock',
    files: ['src/dialects/**/*.ts'],
    tests: DIALECT_TESTS,
  },
  usage: {
    description: 'how token counts are read and added up',
    package: 'instrumentation-bedrock',
    files: ['src/data/usage.ts', 'src/data/cached-input.ts', 'src/dialects/anthropic-usage.ts'],
    tests: ['usage', 'samples', 'dialects', 'numbers'].map((name) => `dialects/${name}`),
  },
  retry: {
    description: 'which requests are sent again, and when',
    package: 'exporter-mlflow',
    files: ['src/http/retry.ts', 'src/http/exchange/outcome.ts'],
    tests: [
      ...['repetitions', 'retries', 'response', 'running-time'].map((name) => `http/${name}`),
      ...['concurrency', 'outages', 'flush-in-time'].map((name) => `delivery/${name}`),
    ],
  },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export function isSubject(name: string): name is SubjectName {
  return Object.hasOwn(SUBJECTS, name);
}
