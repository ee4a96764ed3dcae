/** Settings that the tests synthesize. They cover each stage, and each option at least once. */
export const CASES = {
  trial: {},
  production: { stage: 'production' },
  'trial with everything': {
    collector: 'true',
    otlpBackend: 'https://otlp.example.com',
    otlpBackendSecret: 'otlp-backend',
    application: 'true',
    removeData: 'true',
    allowedCidrs: '10.8.0.0/16,192.168.7.0/24',
  },
  'production with HTTPS': {
    stage: 'production',
    certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/0b5a4c1c-0000-4000-8000-000000000000',
    domainName: 'MLflow.example.com',
    collector: 'true',
    application: 'true',
    modelId: 'eu.amazon.nova-lite-v1:0',
    portForwarding: 'false',
  },
  'production on the internet': {
    stage: 'production',
    certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/0b5a4c1c-0000-4000-8000-000000000000',
    domainName: 'mlflow.example.com',
    internetFacing: 'true',
    allowedCidrs: '203.0.113.0/24',
    portForwarding: 'false',
  },
  'production for everyone, with passwords': {
    stage: 'production',
    certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/0b5a4c1c-0000-4000-8000-000000000000',
    domainName: 'mlflow.example.com',
    internetFacing: 'true',
    allowedCidrs: '0.0.0.0/0',
    allowPublicRanges: 'true',
    authentication: 'true',
    portForwarding: 'false',
  },
  'trial with passwords and a Collector': {
    authentication: 'true',
    collector: 'true',
    mlflowSecret: 'mlflow-collector',
  },
  'production in an isolated network': {
    stage: 'production',
    network: 'isolated',
    collector: 'true',
    application: 'true',
  },
  'trial in an isolated network, for maintenance': { network: 'isolated', maintenance: 'true' },
  'tracking server of SageMaker': {
    mlflow: 'sagemaker-server',
    serverSize: 'Medium',
    serverVersion: '3.10.1',
    application: 'true',
  },
  'app of SageMaker, which goes with its data': { mlflow: 'sagemaker-app', removeData: 'true' },
} as const satisfies Record<string, Record<string, string>>;

export type CaseName = keyof typeof CASES;
