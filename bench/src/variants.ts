/** What is compared. */

/** The instrumentations that trace the calls. `before` is a second build of this project's. */
export const SUBJECTS = ['this project', 'before', 'openinference', 'aws-sdk', 'traceloop'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What it records of a call. `chunk events` is this project's default for streams: the content and each chunk of it. */
export const MODES = ['content', 'chunk events', 'no content', 'unsampled'] as const;
export type Mode = (typeof MODES)[number];

/** One instrumentation in one configuration, for example `openinference, no content`. */
export type Variant = `${Subject}, ${Mode}`;

export interface Instrumentation {
  /** A package in the folder of {@link installPeers}. */
  readonly packageName: string;
  readonly className: string;
  /** The modes that the instrumentation has, each with the options that switch it on. */
  readonly modes: { readonly [Name in Mode]?: object };
}

const THIS_PROJECT = {
  className: 'BedrockInstrumentation',
  modes: {
    content: { recordStreamEvents: false },
    'chunk events': { recordStreamEvents: true },
    'no content': { captureMessageContent: false },
    unsampled: {},
  },
} as const;

export const INSTRUMENTATIONS: Readonly<Record<Subject, Instrumentation>> = {
  'this project': { packageName: 'this-project', ...THIS_PROJECT },
  before: { packageName: 'before', ...THIS_PROJECT },
  openinference: {
    packageName: '@arizeai/openinference-instrumentation-bedrock',
    className: 'BedrockInstrumentation',
    modes: { content: {}, 'no content': { traceConfig: { hideInputs: true, hideOutputs: true } }, unsampled: {} },
  },
  // It never records content.
  'aws-sdk': {
    packageName: '@opentelemetry/instrumentation-aws-sdk',
    className: 'AwsInstrumentation',
    modes: { 'no content': {} },
  },
  traceloop: {
    packageName: '@traceloop/instrumentation-bedrock',
    className: 'BedrockInstrumentation',
    modes: { content: {}, 'no content': { traceContent: false } },
  },
};

/** All variants of these subjects. */
export function variantsOf(subjects: readonly Subject[]): Variant[] {
  return subjects.flatMap((subject) =>
    MODES.filter((mode) => INSTRUMENTATIONS[subject].modes[mode]).map((mode): Variant => `${subject}, ${mode}`),
  );
}

export function partsOf(variant: Variant): { readonly subject: Subject; readonly mode: Mode } {
  const [subject, mode] = variant.split(', ') as [Subject, Mode];
  return { subject, mode };
}
