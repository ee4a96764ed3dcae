import { withMlflowBedrock } from 'mlflow-bedrock/next';

export default withMlflowBedrock({ output: 'standalone' });
