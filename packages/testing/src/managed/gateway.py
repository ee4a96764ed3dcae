"""Stands in for the front door of SageMaker's MLflow: checks each signature, then forwards the request to MLflow.

Started by gateway.ts. The only argument is JSON: {"target": "http://127.0.0.1:5000", "arns": ["arn:aws:…"], "keys": […]}.
The first line of output is the port. A test controls the gateway without signatures:

POST /__control   {"keys": […], "answers": […], "clockOffset": seconds, "keepBodies": bool}: replaces what is named
GET /__held       answers as soon as a request is held; POST /__release lets it go on
GET /__requests   what has arrived so far; DELETE /__requests forgets it
"""

import base64
import http.client
import json
import re
import sys
import threading
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from sigv4 import SIGNED_HEADERS_BLACKLIST, Key, Refusal, Request, verify

ARN_HEADERS = {
    "x-mlflow-sm-tracking-server-arn": ("mlflow-tracking-server", "sagemaker-mlflow"),
    "x-sm-mlflow-app-arn": ("mlflow-app", "sagemaker"),
}
HASH_HEADER = "x-amz-content-sha256"
OF_CONNECTION = {*SIGNED_HEADERS_BLACKLIST, "host", "content-length"} - {"user-agent"}


class Gateway(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str, arns: list[str], keys: list[dict]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(target)
        self.arns = arns
        self.lock = threading.Lock()
        self.requests: list[dict] = []
        self.answers: list[dict] = []
        self.released = threading.Event()
        self.is_holding = threading.Event()
        self.clock_offset = timedelta()
        self.keep_bodies = False
        self.control({"keys": keys})

    def control(self, changes: dict) -> None:
        with self.lock:
            if "keys" in changes:
                self.keys = {key["id"]: Key(**key) for key in changes["keys"]}
            if "answers" in changes:
                self.answers = changes["answers"]
                self.released.set()
                self.released = threading.Event()
                self.is_holding.clear()
            if "clockOffset" in changes:
                self.clock_offset = timedelta(seconds=changes["clockOffset"])
            self.keep_bodies = changes.get("keepBodies", self.keep_bodies)

    def release(self) -> None:
        with self.lock:
            self.answers = [answer for answer in self.answers if not answer.get("hold")]
            self.released.set()

    def log(self, entry: dict) -> None:
        with self.lock:
            self.requests.append(entry)

    def check(self, request: Request) -> tuple[str, Key]:
        """Returns the ARN that the request names, and its key. Raises Refusal."""
        header = next((name for name, _ in request.headers if name in ARN_HEADERS), None)
        if header is None:
            raise Refusal(403, "AccessDeniedException", f"One of the headers {', '.join(ARN_HEADERS)} is required.")
        kind, service = ARN_HEADERS[header]
        arn = request.header(header) or ""
        region = (arn if arn in self.arns else self.arns[0]).split(":")[3]
        now = datetime.now(timezone.utc) + self.clock_offset
        key = verify(request, self.keys, region, service, {header, HASH_HEADER}, now)
        if arn not in self.arns or arn.split(":")[5].split("/")[0] != kind:
            raise self.refusal_of_arn(arn)
        return arn, key

    def refusal_of_arn(self, arn: str) -> Refusal:
        account = self.arns[0].split(":")[4]
        if f":{account}:" in arn:
            return Refusal(404, "ResourceNotFoundException", f"Tracking server {arn} does not exist.")
        user = f"arn:aws:sts::{account}:assumed-role/sender/session"
        message = f"User: {user} is not authorized to access resource: {arn}"
        return Refusal(403, "AccessDeniedException", message)

    def answer_to(self, request: Request) -> dict | None:
        """What a test wants to be answered to this request in place of MLflow's answer."""
        path = request.target.partition("?")[0]
        with self.lock:
            for answer in self.answers:
                if answer.get("method", request.method) != request.method or answer.get("times") == 0:
                    continue
                if re.fullmatch(answer.get("path", ".*"), path):
                    if "times" in answer:
                        answer["times"] -= 1
                    return {**answer, "released": self.released}
        return None

    def forward(self, request: Request) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=120)
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            if name not in OF_CONNECTION:
                connection.putheader(name, value)
        connection.putheader("content-length", str(len(request.body)))
        connection.endheaders(request.body)
        return connection.getresponse()


class Handler(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/__"):
            self.handle_control(body)
            return
        # The bytes of a value as text, which is what a client signs.
        headers = [
            (name.lower(), value.encode("latin-1").decode("utf-8", "replace"))
            for name, value in self.headers.items()
        ]
        self.handle_signed(Request(self.command, self.path, headers, body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def handle_signed(self, request: Request) -> None:
        path = request.target.partition("?")[0]
        entry = {"method": request.method, "path": path, "target": request.target, "verified": False}
        entry["contentEncoding"] = request.header("content-encoding")
        entry["bodyBytes"] = len(request.body)
        if self.server.keep_bodies:
            entry["body"] = base64.b64encode(request.body).decode()
        try:
            arn, key = self.server.check(request)
            entry.update(verified=True, arn=arn, keyId=key.id)
            status, headers, body = self.answer(request)
            entry["status"] = status
        except Refusal as refusal:
            entry.update(status=refusal.status, refusal=refusal.kind)
            headers = {"x-amzn-errortype": refusal.kind, "content-type": "application/json"}
            status, body = refusal.status, json.dumps({"message": refusal.message}).encode()
        # The client may ask for the log as soon as it has its answer.
        self.server.log(entry)
        if status == 0:
            self.close_connection = True
            return
        self.send(status, {**headers, "x-amzn-requestid": str(uuid.uuid4())}, body)

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        wanted = self.server.answer_to(request)
        if wanted is not None:
            if wanted.get("hold"):
                self.server.is_holding.set()
                wanted["released"].wait()
            if wanted.get("refusal"):
                raise Refusal(wanted["status"], wanted["refusal"], wanted.get("message", ""))
            if "status" in wanted:
                return wanted["status"], wanted.get("headers", {}), wanted.get("body", "").encode()
        try:
            response = self.server.forward(request)
            body = response.read()
        except OSError:
            raise Refusal(503, "ServiceUnavailableException", "The tracking server does not answer.") from None
        headers = {name: value for name, value in response.getheaders() if name.lower() not in OF_CONNECTION}
        return response.status, headers, body

    def handle_control(self, body: bytes) -> None:
        if self.path == "/__control":
            self.server.control(json.loads(body))
        elif self.path == "/__release":
            self.server.release()
        elif self.path == "/__held":
            self.server.is_holding.wait()
        elif self.command == "DELETE":
            with self.server.lock:
                self.server.requests.clear()
        with self.server.lock:
            answer = json.dumps(self.server.requests if self.command == "GET" else {})
        self.send(200, {"content-type": "application/json"}, answer.encode())

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    gateway = Gateway(**json.loads(sys.argv[1]))
    print(gateway.server_port, flush=True)
    gateway.serve_forever()
