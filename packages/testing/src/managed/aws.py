"""Runs the AWS services of the tests: the front door of SageMaker's MLflow, S3 and STS, each on a port of its own.

Started by gateway.ts. The only argument is JSON with the keys of `main`. The first line of output is JSON with the ports.
A test controls them at another port:

POST /control    {"keys": […], "answers": […], "clockOffset": seconds, "keepBodies": bool}: replaces what is named
GET /held        answers as soon as a request is held; POST /release lets it go on
GET /requests/<service>   what has arrived so far; DELETE /requests forgets it
GET /objects     the names of the objects in S3; GET /objects/<bucket>/<key> the text of one of them
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from s3 import S3
from sagemaker import SageMaker
from state import State
from sts import Sts


def main(target: str, arns: list[str], region: str, buckets: list[str], keys: list[dict]) -> None:
    state = State(keys)
    s3 = S3(state, region, buckets)
    services = [SageMaker(state, target, arns), s3, Sts(state)]

    class Control(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = json.dumps(self.answer(body)).encode()
            self.send_response_only(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = handle_any

        def answer(self, body: bytes) -> object:
            _, route, name = [*self.path.split("/", 2), ""][:3]
            match self.command, route:
                case "POST", "control":
                    state.control(json.loads(body))
                case "POST", "release":
                    state.release()
                case "GET", "held":
                    state.is_holding.wait()
                case "DELETE", "requests":
                    state.forget()
                case "GET", "requests":
                    return state.logged(name)
                case "GET", "objects" if name == "":
                    return sorted(s3.objects)
                case "GET", "objects":
                    return s3.objects[unquote(name)][0].decode()
            return None

    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    control.daemon_threads = True
    for service in services:
        threading.Thread(target=service.serve_forever, daemon=True).start()
    ports = {service.name: service.server_port for service in services}
    print(json.dumps({**ports, "control": control.server_port}), flush=True)
    control.serve_forever()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
