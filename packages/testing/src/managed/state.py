"""What the services of the stand-in share: keys, clock, the answers that a test wants, and the log of requests."""

import re
import threading
from datetime import datetime, timedelta, timezone

from sigv4 import Key, Request


class State:
    def __init__(self, keys: list[dict]):
        self.lock = threading.Lock()
        self.requests: list[dict] = []
        self.answers: list[dict] = []
        self.released = threading.Event()
        self.is_holding = threading.Event()
        self.clock_offset = timedelta()
        self.keep_bodies = False
        self.keys: dict[str, Key] = {}
        self.control({"keys": keys})

    def control(self, changes: dict) -> None:
        with self.lock:
            if "keys" in changes:
                self.keys = {key["id"]: Key(**key) for key in changes["keys"]}
            if "answers" in changes:
                self.answers = changes["answers"]
                # Nothing could release the requests that earlier answers hold.
                self.released.set()
                self.released = threading.Event()
                self.is_holding.clear()
            if "clockOffset" in changes:
                self.clock_offset = timedelta(seconds=changes["clockOffset"])
            self.keep_bodies = changes.get("keepBodies", self.keep_bodies)

    def add_key(self, key: Key) -> None:
        with self.lock:
            self.keys = {**self.keys, key.id: key}

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.clock_offset

    def release(self) -> None:
        with self.lock:
            self.answers = [answer for answer in self.answers if not answer.get("hold")]
            self.released.set()
            self.is_holding.clear()

    def log(self, entry: dict) -> None:
        with self.lock:
            self.requests.append(entry)

    def logged(self, service: str) -> list[dict]:
        with self.lock:
            return [entry for entry in self.requests if entry["service"] == service]

    def forget(self) -> None:
        with self.lock:
            self.requests.clear()

    def answer_to(self, service: str, request: Request) -> dict | None:
        """What a test wants to be answered to this request. Waits while the test holds the request."""
        answer, released = self.take_answer(service, request)
        if answer is not None and answer.get("hold"):
            self.is_holding.set()
            released.wait()
        return answer

    def take_answer(self, service: str, request: Request) -> tuple[dict | None, threading.Event]:
        with self.lock:
            for answer in self.answers:
                if answer.get("service", "mlflow") != service or answer.get("times") == 0:
                    continue
                if answer.get("method", request.method) != request.method:
                    continue
                if re.fullmatch(answer.get("path", ".*"), request.path):
                    if "times" in answer:
                        answer["times"] -= 1
                    return answer, self.released
        return None, self.released
