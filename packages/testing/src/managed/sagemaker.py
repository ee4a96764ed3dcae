"""The front door of SageMaker's MLflow: checks a request as AWS does, then forwards it unchanged to an MLflow server."""

import http.client
import json
from urllib.parse import urlsplit

from service import Answer, Declined, Service
from sigv4 import SIGNED_HEADERS_BLACKLIST, Demands, Refusal, Request
from state import State

ARN_HEADERS = {
    "x-mlflow-sm-tracking-server-arn": ("mlflow-tracking-server", "sagemaker-mlflow"),
    "x-sm-mlflow-app-arn": ("mlflow-app", "sagemaker"),
}
HASH_HEADER = "x-amz-content-sha256"
OF_CONNECTION = {*SIGNED_HEADERS_BLACKLIST, "host", "content-length"} - {"user-agent"}
TYPES = {
    "unsigned": "MissingAuthenticationTokenException",
    "incomplete": "IncompleteSignatureException",
    "key": "UnrecognizedClientException",
    "token": "UnrecognizedClientException",
    "expired": "ExpiredTokenException",
}


class SageMaker(Service):
    name = "mlflow"

    def __init__(self, state: State, target: str, arns: list[str]):
        super().__init__(state)
        self.target = urlsplit(target)
        self.arns = arns

    def demands(self, request: Request) -> Demands:
        header = next((name for name, _ in request.headers if name in ARN_HEADERS), None)
        if header is None:
            names = ", ".join(ARN_HEADERS)
            raise Declined(403, "AccessDeniedException", f"One of the headers {names} is required.")
        _, service = ARN_HEADERS[header]
        arn = request.header(header)
        region = (arn if arn in self.arns else self.arns[0]).split(":")[3]
        return Demands(region, service, {header, HASH_HEADER})

    def declined(self, refusal: Refusal) -> Declined:
        return Declined(403, TYPES.get(refusal.reason, "InvalidSignatureException"), refusal.message)

    def show(self, declined: Declined) -> Answer:
        headers = {"x-amzn-errortype": declined.kind, "content-type": "application/json"}
        return Answer(declined.status, headers, json.dumps({"message": declined.message}).encode())

    def work(self, request: Request, entry: dict) -> Answer:
        header, arn = next((name, value) for name, value in request.headers if name in ARN_HEADERS)
        entry["arn"] = arn
        account = self.arns[0].split(":")[4]
        if f":{account}:" not in arn:
            user = f"arn:aws:sts::{account}:assumed-role/sender/session"
            raise Declined(403, "AccessDeniedException", f"User: {user} is not authorized to access resource: {arn}")
        if arn not in self.arns or f":{ARN_HEADERS[header][0]}/" not in arn:
            raise Declined(404, "ResourceNotFoundException", f"{arn} does not exist.")
        try:
            return self.forward(request)
        except OSError:
            raise Declined(503, "ServiceUnavailableException", "The tracking server does not answer.") from None

    def forward(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=120)
        try:
            connection.putrequest(request.method, request.target, skip_accept_encoding=True)
            for name, value in request.headers:
                if name not in OF_CONNECTION:
                    connection.putheader(name, value.encode())
            connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in OF_CONNECTION}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()
