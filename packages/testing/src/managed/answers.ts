/** What a stand-in answers of its own, after it has accepted the signature. */
export interface GatewayAnswer {
  /** Default: `mlflow`. */
  readonly service?: 'mlflow' | 's3' | 'sts';
  /** Default: every method. */
  readonly method?: string;
  /** Regular expression for the whole path without the query. Default: every path. */
  readonly path?: string;
  /** How often. Default: always. */
  readonly times?: number;
  /** Holds the request until `release()`. Default: `false`. */
  readonly hold?: boolean;
  /** 0 ends the connection without an answer. Default: the usual answer. */
  readonly status?: number;
  /** The type of a refusal in AWS's form. */
  readonly refusal?: string;
  /** Its message. `{name}` stands for a header of the request. */
  readonly message?: string;
  /** The answer's body, if it is not a refusal in AWS's form. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TRACES_ROUTE = '/v1/traces';

/** A service that does not take spans by OTLP, in the three ways that are possible. */
export function withoutOtlp(status: 404 | 501 | 403): GatewayAnswer {
  const path = TRACES_ROUTE;
  const headers = { 'content-type': 'application/json' };
  switch (status) {
    case 404:
      return { path, status, headers, body: '{"detail":"Not Found"}' };
    case 501:
      return {
        path,
        status,
        headers,
        body: '{"error_code":"NOT_IMPLEMENTED","message":"REST OTLP span logging is not supported by this store"}',
      };
    case 403:
      return { path, status, refusal: 'AccessDeniedException', message: 'Unable to determine service/operation name' };
  }
}

// IAM actions of the service sagemaker-mlflow, with their routes.
const ROUTES = {
  GetExperimentByName: ['GET', '/api/2\\.0/mlflow/experiments/get-by-name'],
  GetExperiment: ['GET', '/api/2\\.0/mlflow/experiments/get'],
  CreateExperiment: ['POST', '/api/2\\.0/mlflow/experiments/create'],
  SearchExperiments: ['POST', '/api/2\\.0/mlflow/experiments/search'],
  StartTrace: ['POST', '/api/3\\.0/mlflow/traces'],
  GetTraceInfo: ['GET', '/api/3\\.0/mlflow/traces/tr-[^/]+'],
  SearchTraces: ['POST', '/api/3\\.0/mlflow/traces/search'],
} as const satisfies Record<string, readonly [method: string, path: string]>;

/** An identity that may do everything but this action. At an app, one action stands for all of them. */
export function denies(action: keyof typeof ROUTES, arn: string): GatewayAnswer {
  const [method, path] = ROUTES[action];
  const account = arn.split(':')[4];
  const user = `arn:aws:sts::${account}:assumed-role/sender/session`;
  const what = arn.includes(':mlflow-app/') ? 'sagemaker:CallMlflowAppApi' : `sagemaker-mlflow:${action}`;
  return {
    method,
    path,
    status: 403,
    refusal: 'AccessDeniedException',
    message: `User: ${user} is not authorized to perform: ${what} on resource: ${arn} because no identity-based policy allows the ${what} action`,
  };
}

/** A tracking server that is stopped. AWS documents no words for it. */
export function serverStopped(arn: string): GatewayAnswer {
  return {
    status: 400,
    refusal: 'ValidationException',
    message: `Tracking server ${arn} is not in a running state. Current state: Stopped`,
  };
}

/** Too many requests in the form of AWS. */
export function throttled(times: number): GatewayAnswer {
  return { times, status: 429, refusal: 'ThrottlingException', message: 'Rate exceeded' };
}
