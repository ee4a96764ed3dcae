/** What `npm run mutation` changes, and the tests that must notice it. */
export interface Subject {
  readonly description: string;
  readonly package: 'exporter-mlflow' | 'instrumentation-bedrock';
  /** Files to change, as patterns below the package. */
  readonly files: readonly string[];
  /** Names of test files that need no server but the simulator, because they run after each change. */
  readonly tests: readonly string[];
}

/** Test files of the instrumentation that read what dialects make of requests, answers and streams. */
const DIALECT_TESTS = [
  ...[
    'dialects',
    'samples',
    'stream-folds-anthropic',
    'stream-folds-converse',
    'stream-folds-figures',
    'stream-folds-openai',
    'stream-folds-text',
    'bounded-fold',
    'content-parts',
    'embeddings',
    'usage',
    'tagged-reasoning',
  ],
  ...['union-members', 'values', 'numbers', 'chat-view', 'chat-view-responses', 'odd-applications'],
  ...['flow', 'voice', 'voice-content', 'agent-actions', 'agent-steps', 'agent-odd', 'agent-model-calls'],
  ...['knowledge-base-generate', 'knowledge-base-others', 'knowledge-base-retrieve'],
  ...['agentcore-harness', 'agentcore-memory', 'agentcore-others', 'agentcore-runtime', 'agentcore-tools'],
  ...['openai-calls', 'openai-events', 'openai-formats', 'openai-odd', 'openai-responses', 'openai-responses-streams'],
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
    tests: ['usage', 'samples', 'dialects', 'numbers'],
  },
  retry: {
    description: 'which requests are sent again, and when',
    package: 'exporter-mlflow',
    files: ['src/http/retry.ts', 'src/http/exchange/outcome.ts'],
    tests: ['retries', 'response', 'requests', 'concurrency', 'outages', 'running-time', 'flush-in-time'],
  },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export function isSubject(name: string): name is SubjectName {
  return Object.hasOwn(SUBJECTS, name);
}
