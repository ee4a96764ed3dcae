/** What is compared, and how each instrumentation is switched on. */

/**
 * `none` is the baseline that every other variant is paired with. `least` and `least of ours` are no instrumentations but
 * yardsticks (`children/least.ts`), hand-written for one request and answer of each operation: both write the attributes
 * that `ours` has without content; the first input and answer once, as peers do, the second all that `ours` records.
 */
export type Variant =
  | 'none'
  | 'least'
  | 'least, content off'
  | 'least, unsampled'
  | 'least of ours'
  | 'least of ours, content off'
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
  /** Its package loads the SDK: peers that are to meet the SDK when it is loaded must be there before. */
  readonly loadsSdk?: true;
  readonly unsampled?: true;
  /** For a yardstick. */
  readonly floor?: Floor;
}

export interface Floor {
  /** How often input and answer are written; twice in the forms that `ours` has. */
  readonly content: 'none' | 'once' | 'twice';
  /** Whether it sees the HTTP exchange, errors, and the end of streams that are left early or dropped, as `ours` does. */
  readonly isWhole: boolean;
}

/** Without the peers that record less than `ours`: what a short run shows where no target is a ratio to a peer. */
export function withoutLesserPeers(variants: readonly Variant[]): Variant[] {
  return variants.filter((variant) => variant === 'openinference' || setupOf(variant)?.peer === undefined);
}

const TRACELOOP = ['@traceloop/instrumentation-bedrock', 'BedrockInstrumentation'] as const;
const OPENINFERENCE = ['@arizeai/openinference-instrumentation-bedrock', 'BedrockInstrumentation'] as const;

const SETUPS: Readonly<Record<Exclude<Variant, 'none'>, Setup>> = {
  least: { options: {}, floor: { content: 'once', isWhole: false } },
  'least, content off': { options: {}, floor: { content: 'none', isWhole: false } },
  'least, unsampled': { options: {}, unsampled: true, floor: { content: 'none', isWhole: false } },
  'least of ours': { options: {}, floor: { content: 'twice', isWhole: true } },
  'least of ours, content off': { options: {}, floor: { content: 'none', isWhole: true } },
  // Chunk events are off where they are not the point: no peer records them.
  ours: { options: { recordStreamEvents: false } },
  'ours, chunk events': { options: { recordStreamEvents: true } },
  'ours, content off': { options: { captureMessageContent: false } },
  'ours, unsampled': { options: {}, unsampled: true },
  traceloop: { peer: TRACELOOP, options: {} },
  'traceloop, content off': { peer: TRACELOOP, options: { traceContent: false } },
  openinference: { peer: OPENINFERENCE, options: {}, loadsSdk: true },
  'openinference, content off': {
    peer: OPENINFERENCE,
    options: { traceConfig: { hideInputs: true, hideOutputs: true } },
    loadsSdk: true,
  },
  'contrib aws-sdk': { peer: ['@opentelemetry/instrumentation-aws-sdk', 'AwsInstrumentation'], options: {} },
};

export function setupOf(variant: Variant): Setup | undefined {
  return variant === 'none' ? undefined : SETUPS[variant];
}
