"""Python's MLflow client with the plugin for SageMaker, as a program that does what a test asks for.

Each line of input is a JSON object with `do`; each answer is one line of JSON:

{"do": "record", "uri": …, "experiment": …, "trace": {…}}   records a trace and returns its id
{"do": "read", "uri": …, "traceId": …}                      returns the trace as this client reads it
"""

import json
import sys
import traceback

import mlflow
from mlflow.entities import SpanEvent

METADATA_OF = {"session": "mlflow.trace.session", "user": "mlflow.trace.user"}


class Failure(Exception):
    """The error that a described span ends with."""


def record(uri: str, experiment: str, trace: dict) -> str:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment)
    trace_id = record_span(trace["root"], trace)
    mlflow.flush_trace_async_logging()
    return trace_id


def record_span(described: dict, trace: dict | None = None) -> str:
    try:
        with mlflow.start_span(described["name"], span_type=described["type"]) as span:
            if trace is not None:
                metadata = {METADATA_OF[name]: trace[name] for name in METADATA_OF}
                mlflow.update_current_trace(
                    tags=trace["tags"],
                    metadata={**metadata, **trace["metadata"]},
                    client_request_id=trace["clientRequestId"],
                )
            span.set_inputs(described["inputs"])
            for name, value in described.get("attributes", {}).items():
                span.set_attribute(name, value)
            for event in described.get("events", []):
                span.add_event(SpanEvent(event["name"], attributes=event["attributes"]))
            for child in described.get("children", []):
                record_span(child)
            if "error" in described:
                raise Failure(described["error"])
            span.set_outputs(described["outputs"])
            return span.trace_id
    except Failure:
        if trace is None:
            return ""
        return span.trace_id


def read(uri: str, traceId: str) -> dict:
    mlflow.set_tracking_uri(uri)
    trace = mlflow.get_trace(traceId)
    info, names = trace.info, {span.span_id: span.name for span in trace.data.spans}
    return {
        "state": info.state.value,
        "requestPreview": info.request_preview,
        "responsePreview": info.response_preview,
        "clientRequestId": info.client_request_id,
        "tokenUsage": info.token_usage,
        "cost": info.cost,
        "tags": info.tags,
        "metadata": info.trace_metadata,
        "request": json.loads(trace.data.request or "null"),
        "response": json.loads(trace.data.response or "null"),
        "spans": [
            {
                "name": span.name,
                "parent": names.get(span.parent_id),
                "type": span.span_type,
                "status": span.status.status_code.value,
                "message": span.status.description,
                "inputs": span.inputs,
                "outputs": span.outputs,
                "attributes": span.attributes,
                "events": [{"name": event.name, "attributes": dict(event.attributes)} for event in span.events],
            }
            for span in trace.data.spans
        ],
    }


ACTIONS = {"record": record, "read": read}

if __name__ == "__main__":
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"value": ACTIONS[command.pop("do")](**command)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer, default=str), flush=True)
