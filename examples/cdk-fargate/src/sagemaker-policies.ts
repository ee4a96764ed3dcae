/** What IAM policies allow on MLflow that SageMaker runs. Plain data, which docs/managed-mlflow.md shows, too. */

/** `server`: a tracking server, `app`: an MLflow app. */
export type ManagedMlflow = 'server' | 'app';

export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string;
}

export interface ManagedMlflowArns {
  readonly kind: ManagedMlflow;
  /** ARN of the tracking server or app. */
  readonly mlflow: string;
  /** ARN pattern of the files of traces in the bucket. */
  readonly traces: string;
}

/**
 * Experiments, trace records and their tags. The names are those of the service authorization reference:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_sagemaker-mlflow.html
 * It names no action for version 3 of the route for records, which starts and ends a trace in one request.
 */
const WRITE_TRACES = [
  'sagemaker-mlflow:GetExperimentByName',
  'sagemaker-mlflow:GetExperiment',
  'sagemaker-mlflow:SearchExperiments',
  'sagemaker-mlflow:CreateExperiment',
  'sagemaker-mlflow:StartTrace',
  'sagemaker-mlflow:EndTrace',
  'sagemaker-mlflow:GetTraceInfo',
  'sagemaker-mlflow:SetTraceTag',
];
/** All actions of the reference that start like this only read. */
const READ = ['sagemaker-mlflow:Get*', 'sagemaker-mlflow:List*', 'sagemaker-mlflow:Search*'];
/** Any request to an app needs this action, also one that deletes. */
const CALL_APP = 'sagemaker:CallMlflowAppApi';
const OPEN_PAGE = {
  server: 'sagemaker:CreatePresignedMlflowTrackingServerUrl',
  app: 'sagemaker:CreatePresignedMlflowAppUrl',
} as const;

/** An application that sends traces. It reads the file of a trace to add its spans to those of another service. */
export function senderStatements({ kind, mlflow, traces }: ManagedMlflowArns): Statement[] {
  return [
    allow(kind === 'app' ? [CALL_APP, ...WRITE_TRACES] : WRITE_TRACES, mlflow),
    allow(['s3:PutObject', 's3:GetObject'], traces),
  ];
}

/** A user or program that reads traces. */
export function readerStatements({ kind, mlflow, traces }: ManagedMlflowArns): Statement[] {
  const onMlflow = [OPEN_PAGE[kind], ...READ];
  return [
    allow(kind === 'app' ? [CALL_APP, ...onMlflow] : onMlflow, mlflow),
    // The reference names no type of resource for this action, so it needs all of them.
    allow(['sagemaker-mlflow:AccessUI'], '*'),
    allow(['s3:GetObject'], traces),
  ];
}

function allow(actions: readonly string[], resource: string): Statement {
  return { Effect: 'Allow', Action: [...actions].sort(), Resource: resource };
}
