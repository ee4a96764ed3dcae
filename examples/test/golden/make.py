"""Traces calls with `mlflow.bedrock.autolog()` and writes what MLflow stored. `make.ts` starts it.

Standard input has JSON: `simulator` (URL) and `traces` (the calls of each trace, by its name).
"""

import base64
import json
import pathlib
import re
import sys

import boto3
import botocore.exceptions
import mlflow

FOLDER = pathlib.Path(__file__).parent
METHODS = {
    "Converse": "converse",
    "ConverseStream": "converse_stream",
    "InvokeModel": "invoke_model",
    "InvokeModelWithResponseStream": "invoke_model_with_response_stream",
}
# Metadata that tells about this machine or this run and not about the calls.
LEFT_OUT = re.compile(r"mlflow\.(user|source\..*|trace\.size(Bytes|Stats))")


def main():
    job = json.load(sys.stdin)
    mlflow.set_experiment("golden")
    mlflow.bedrock.autolog()
    for name, calls in job["traces"].items():
        endpoints = [f"{job['simulator']}/exchange/{name}-{index}" for index in range(len(calls))]
        if name.startswith("agent_"):
            run_agent(calls, endpoints)
        else:
            call(calls[0], endpoints[0])
        mlflow.flush_trace_async_logging()
        trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
        (FOLDER / f"{name}.json").write_text(serialize(trace), encoding="utf-8")
        print(f"{name}.json")


def run_agent(calls, endpoints):
    """Two calls of one agent, in a session, for a user, in a run."""

    @mlflow.trace(name="agent", span_type="AGENT")
    def agent(q):
        mlflow.update_current_trace(
            tags={"fruit": "apple"},
            metadata={"k": "v"},
            client_request_id="req-42",
            session_id="sess-1",
            user="u-1",
        )
        for one, endpoint in zip(calls, endpoints):
            call(one, endpoint)
        return "done"

    with mlflow.start_run():
        agent("q")


def call(one, endpoint):
    client = boto3.client("bedrock-runtime", endpoint_url=endpoint)
    try:
        response = getattr(client, METHODS[one["operation"]])(**with_bytes(one["input"]))
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != one["answer"].get("error"):
            raise
        return
    for _ in response.get("stream", []):
        pass
    if one["operation"] == "InvokeModelWithResponseStream":
        for _ in response["body"]:
            pass


def with_bytes(value):
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"base64"}:
        return base64.b64decode(value["base64"])
    return {key: with_bytes(member) for key, member in value.items()}


def serialize(trace):
    """The trace as JSON that is the same each time: no ids, times or paths of this run."""
    stored = trace.to_dict()
    info, spans = stored["info"], stored["data"]["spans"]
    ids = {span["span_id"]: f"span-{index}" for index, span in enumerate(spans)}
    ids[spans[0]["trace_id"]] = "trace"
    ids[info["trace_id"]] = "tr-00000000000000000000000000000000"
    metadata = info["trace_metadata"]
    if "mlflow.sourceRun" in metadata:
        ids[metadata["mlflow.sourceRun"]] = "run"
    info["trace_metadata"] = {key: metadata[key] for key in sorted(metadata) if not LEFT_OUT.fullmatch(key)}
    info["tags"] = dict(sorted(info["tags"].items()))
    info["request_time"] = "2026-01-01T00:00:00Z"
    info["execution_duration_ms"] = 1
    for span in spans:
        span["start_time_unix_nano"] = span["end_time_unix_nano"] = 0
        for event in span["events"]:
            event["time_unix_nano"] = 0
            shorten_stack(event["attributes"])
    text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
    for unstable, stable in ids.items():
        text = text.replace(unstable, stable)
    return re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "Thu, 01 Jan 2026 00:00:00 GMT", text)


def shorten_stack(attributes):
    """Keeps the first and the last line: the frames between them name files of this machine."""
    stack = attributes.get("exception.stacktrace")
    if stack:
        first, *_, last = stack.strip().splitlines()
        attributes["exception.stacktrace"] = f"{first}\n{last}"


main()
