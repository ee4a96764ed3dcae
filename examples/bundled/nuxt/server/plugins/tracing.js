import { autolog } from 'mlflow-bedrock';

export default () => {
  autolog();
};
