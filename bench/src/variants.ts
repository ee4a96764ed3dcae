/** What is compared, and how each instrumentation is switched on. */

/**
 * `none` is the baseline that every other variant is paired with. `least` is no instrumentation: it does the least that
 * any has to do that records as much: the attributes that `ours` has without content, and input and answer once.
 */
export type Variant =
  | 'none'
  | 'least'
  | 'least, content off'
  | 'least, unsampled'
  | 'ours'
  | 'ours, chunk events'
  | 'ours, content off'
  | 'ours, unsampled'
  | 'traceloop'
  | 'traceloop, content off'
  | 'openinference'
  | 'openinference, content off'
  | 'contrib aws-sdk';

export interface Setup {
  /** Package of the peers' folder and its class; without it the instrumentation is this project's. */
  readonly peer?: readonly [packageName: string, className: string];
  readonly options: object;
  readonly unsampled?: true;
  /** For the yardstick that none can beat (`children/least.ts`). */
  readonly floor?: 'content' | 'no content';
}

/** Without the peers that record less than `ours`: what a short run shows where no target is a ratio to a peer. */
export function withoutLesserPeers(variants: readonly Variant[]): Variant[] {
  return variants.filter((variant) => variant === 'openinference' || setupOf(variant)?.peer === undefined);
}

const TRACELOOP = ['@traceloop/instrumentation-bedrock', 'BedrockInstrumentation'] as const;
const OPENINFERENCE = ['@arizeai/openinference-instrumentation-bedrock', 'BedrockInstrumentation'] as const;

const SETUPS: Readonly<Record<Exclude<Variant, 'none'>, Setup>> = {
  least: { options: { captureMessageContent: false }, floor: 'content' },
  'least, content off': { options: { captureMessageContent: false }, floor: 'no content' },
  'least, unsampled': { options: {}, unsampled: true, floor: 'no content' },
  // Chunk events are off where they are not the point: no peer records them.
  ours: { options: { recordStreamEvents: false } },
  'ours, chunk events': { options: { recordStreamEvents: true } },
  'ours, content off': { options: { captureMessageContent: false } },
  'ours, unsampled': { options: {}, unsampled: true },
  traceloop: { peer: TRACELOOP, options: {} },
  'traceloop, content off': { peer: TRACELOOP, options: { traceContent: false } },
  openinference: { peer: OPENINFERENCE, options: {} },
  'openinference, content off': {
    peer: OPENINFERENCE,
    options: { traceConfig: { hideInputs: true, hideOutputs: true } },
  },
  'contrib aws-sdk': { peer: ['@opentelemetry/instrumentation-aws-sdk', 'AwsInstrumentation'], options: {} },
};

export function setupOf(variant: Variant): Setup | undefined {
  return variant === 'none' ? undefined : SETUPS[variant];
}
