"""One HTTP server of the stand-in: reads a request, has its signature checked, logs it, and answers."""

import base64
import re
import uuid
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sigv4 import Demands, Refusal, Request, verify
from state import State


@dataclass(frozen=True)
class Answer:
    """Status 0 ends the connection without an answer."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Declined(Exception):
    """A refusal of a service, with the type that AWS gives it."""

    def __init__(self, status: int, kind: str, message: str):
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Service(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    name: str

    def __init__(self, state: State):
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state

    def demands(self, request: Request) -> Demands:
        raise NotImplementedError

    def work(self, request: Request, entry: dict) -> Answer:
        """Answers a request whose signature is right. May add to the entry of the log."""
        raise NotImplementedError

    def declined(self, refusal: Refusal) -> Declined:
        """The status, type and words of this service for a signature that it does not accept."""
        raise NotImplementedError

    def show(self, declined: Declined) -> Answer:
        """A refusal in the form of this service."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        entry = {
            "service": self.name,
            "method": request.method,
            "path": request.path,
            "target": request.target,
            "verified": False,
            "contentEncoding": request.header("content-encoding"),
            "bodyBytes": len(request.body),
        }
        if self.state.keep_bodies:
            entry["body"] = base64.b64encode(request.body).decode()
        try:
            answer = self.checked(request, entry)
        except Declined as declined:
            entry["refusal"] = declined.kind
            answer = self.show(declined)
        # The client may ask for the log as soon as it has its answer.
        self.state.log({**entry, "status": answer.status})
        return answer

    def checked(self, request: Request, entry: dict) -> Answer:
        try:
            key = verify(request, self.state.keys, self.demands(request), self.state.now())
        except Refusal as refusal:
            raise self.declined(refusal) from None
        entry.update(verified=True, keyId=key.id)
        wanted = self.state.answer_to(self.name, request)
        if wanted is None or "status" not in wanted:
            return self.work(request, entry)
        if "refusal" in wanted:
            message = re.sub(r"{([\w-]+)}", lambda name: request.header(name[1]) or "", wanted.get("message", ""))
            raise Declined(wanted["status"], wanted["refusal"], message)
        return Answer(wanted["status"], wanted.get("headers", {}), wanted.get("body", "").encode())


class Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        # The bytes of a value as text, which is what a client signs.
        headers = [
            (name.lower(), value.encode("latin-1").decode("utf-8", "replace"))
            for name, value in self.headers.items()
        ]
        self.send(self.server.answer(Request(self.command, self.path, headers, body)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def send(self, answer: Answer) -> None:
        if answer.status == 0:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        headers["date"] = format_datetime(self.server.state.now(), usegmt=True)
        headers["x-amzn-requestid"] = str(uuid.uuid4())
        headers.setdefault("content-length", str(len(answer.body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
