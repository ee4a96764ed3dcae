import { type ShownText, say } from '../../common/shown-text.js';

/** The ARN of a tracking server or an app of SageMaker, in its parts. */
export interface TrackingArn {
  readonly text: string;
  readonly partition: string;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  readonly type: 'mlflow-tracking-server' | 'mlflow-app';
  /** The name of a tracking server, or the id of an app. */
  readonly id: string;
}

/** What a user calls it. */
export function nameOfKind({ type }: TrackingArn): ShownText {
  return type === 'mlflow-app' ? say`MLflow app` : say`tracking server`;
}
