/**
 * The actions that AWS documents for requests to MLflow, in November 2026.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_sagemaker-mlflow.html
 */
const SAGEMAKER_MLFLOW = {
  reads: `AccessUI GetDownloadURIForModelVersionArtifacts GetExperiment GetExperimentByName GetLatestModelVersions
    GetLoggedModel GetMetricHistory GetModelVersion GetModelVersionByAlias GetRegisteredModel GetRun GetTraceInfo
    ListArtifacts ListLoggedModelArtifacts SearchExperiments SearchLoggedModels SearchModelVersions
    SearchRegisteredModels SearchRuns SearchTraces`,
  writes: `CreateExperiment CreateModelVersion CreateRegisteredModel CreateRun DeleteExperiment DeleteLoggedModel
    DeleteLoggedModelTag DeleteModelVersion DeleteModelVersionTag DeleteRegisteredModel DeleteRegisteredModelAlias
    DeleteRegisteredModelTag DeleteRun DeleteTag DeleteTraceTag DeleteTraces EndTrace FinalizeLoggedModel LogBatch
    LogInputs LogLoggedModelParams LogMetric LogModel LogOutputs LogParam RenameRegisteredModel RestoreExperiment
    RestoreRun SetExperimentTag SetLoggedModelTags SetModelVersionTag SetRegisteredModelAlias SetRegisteredModelTag
    SetTag SetTraceTag StartTrace TransitionModelVersionStage UpdateExperiment UpdateModelVersion
    UpdateRegisteredModel UpdateRun`,
};
const READS: readonly string[] = [
  ...SAGEMAKER_MLFLOW.reads.split(/\s+/).map((name) => `sagemaker-mlflow:${name}`),
  's3:GetObject',
  'sagemaker:CreatePresignedMlflowAppUrl',
  'sagemaker:CreatePresignedMlflowTrackingServerUrl',
];
const WRITES: readonly string[] = [
  ...SAGEMAKER_MLFLOW.writes.split(/\s+/).map((name) => `sagemaker-mlflow:${name}`),
  's3:PutObject',
  'sagemaker:CallMlflowAppApi',
];

/** Returns the documented actions that an action of a policy covers, which may end with `*`. */
export function coveredActions(action: string): { readonly reads: string[]; readonly writes: string[] } {
  const isCovered = (known: string): boolean =>
    action.endsWith('*') ? known.startsWith(action.slice(0, -1)) : known === action;
  return { reads: READS.filter(isCovered), writes: WRITES.filter(isCovered) };
}
