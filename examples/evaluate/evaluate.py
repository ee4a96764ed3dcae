"""Evaluates traces of a TypeScript application in the same way as traces of a Python application.

Reads EVALUATION (the tag of the traces), JUDGE_MODEL (MLflow's name of a judge model, such as
"openai:/gpt-4.1-mini") and MLFLOW_EXPERIMENT_ID. MLflow itself reads MLFLOW_TRACKING_URI.
"""

import os

import mlflow
from mlflow.entities import SpanType
from mlflow.genai.datasets import create_dataset
from mlflow.genai.scorers import Correctness, scorer

EVALUATION = os.environ["EVALUATION"]
EXPERIMENT_ID = os.environ["MLFLOW_EXPERIMENT_ID"]


# Code scorers: a score that code can compute needs no model.
@scorer
def is_concise(outputs) -> bool:
    return len(outputs.split()) <= 50


@scorer
def calls_to_model(trace) -> int:
    return len(trace.search_spans(span_type=SpanType.CHAT_MODEL))


@scorer
def total_tokens(trace) -> int:
    return trace.info.token_usage["total_tokens"]


def find(filter_string):
    return mlflow.search_traces(
        locations=[EXPERIMENT_ID],
        filter_string=filter_string,
        order_by=["timestamp_ms ASC"],
        return_type="list",
    )


# Search. The same filter works in the search field of the web interface.
traces = find(f"tags.evaluation = '{EVALUATION}'")
print(f"Traces      {len(traces)}")

# Sessions. The web interface groups by the same metadata.
for session in sorted({trace.info.trace_metadata["mlflow.trace.session"] for trace in traces}):
    turns = find(f"metadata.`mlflow.trace.session` = '{session}'")
    print(f"Session     {session}: {len(turns)} trace(s)")

# A dataset of questions and expected answers, to test the next change with.
dataset = create_dataset(name=f"capitals-{EVALUATION}", experiment_id=EXPERIMENT_ID)
dataset.merge_records(traces)
print(f"Dataset     {dataset.dataset_id}: {len(dataset.to_df())} records")

# Evaluation. Each score becomes an assessment of its trace. The means become metrics of the run.
result = mlflow.genai.evaluate(
    data=traces,
    scorers=[is_concise, calls_to_model, total_tokens, Correctness(model=os.environ["JUDGE_MODEL"])],
)
for name, value in sorted(result.metrics.items()):
    print(f"{name:<24} {value:.2f}")
print(f"Run         {result.run_id}")
