import type { ShownText } from '../../common/shown-text.js';
import type { HttpAnswer } from '../exchange/result.js';
import type { AwsError } from './error.js';
import type { TrackingArn } from './tracking-arn.js';

/** A refusal of SageMaker, and what a message about it needs. */
export interface Refusal {
  readonly error: AwsError;
  readonly answer: HttpAnswer;
  readonly arn: TrackingArn;
  readonly url: ShownText;
  readonly show: (text: string) => ShownText;
  /** Whether the application cannot get other credentials while it runs. */
  readonly isFixed: boolean;
}
