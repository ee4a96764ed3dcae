"""S3 with objects in memory, addressed by path (`/<bucket>/<key>`)."""

import re
from datetime import timedelta
from hashlib import md5
from urllib.parse import unquote
from xml.sax.saxutils import escape

from service import Answer, Declined, Service
from sigv4 import Demands, Refusal, Request
from state import State

REFUSALS = {
    "unsigned": (403, "AccessDenied", "Access Denied"),
    "key": (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    "token": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    "expired": (400, "ExpiredToken", "The provided token has expired."),
    "clock": (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    "header": (400, "InvalidRequest", None),
    "hash": (400, "XAmzContentSHA256Mismatch", None),
    "signature": (403, "SignatureDoesNotMatch", None),
}


class S3(Service):
    name = "s3"

    def __init__(self, state: State, region: str, buckets: list[str]):
        super().__init__(state)
        self.region = region
        self.buckets = buckets
        self.objects: dict[str, tuple[bytes, str]] = {}

    def demands(self, request: Request) -> Demands:
        return Demands(self.region, "s3", {"x-amz-content-sha256"}, timedelta(minutes=15))

    def declined(self, refusal: Refusal) -> Declined:
        status, kind, message = REFUSALS.get(refusal.reason, (400, "AuthorizationHeaderMalformed", None))
        return Declined(status, kind, message or refusal.message)

    def show(self, declined: Declined) -> Answer:
        region = f"<Region>{self.region}</Region>" if declined.kind == "AuthorizationHeaderMalformed" else ""
        error = f"<Code>{declined.kind}</Code><Message>{escape(declined.message)}</Message>{region}"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{error}</Error>'
        return Answer(declined.status, {"content-type": "application/xml"}, body.encode())

    def work(self, request: Request, entry: dict) -> Answer:
        name = unquote(request.path)[1:]
        if name.partition("/")[0] not in self.buckets:
            raise Declined(404, "NoSuchBucket", "The specified bucket does not exist")
        if request.method == "PUT":
            self.objects[name] = (request.body, request.header("content-type") or "binary/octet-stream")
            return Answer(200, {"etag": etag(request.body)})
        if request.method not in ("GET", "HEAD"):
            raise Declined(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
        if name not in self.objects:
            raise Declined(404, "NoSuchKey", "The specified key does not exist.")
        body, content_type = self.objects[name]
        headers = {"etag": etag(body), "content-type": content_type, "accept-ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.header("range") or "")
        if wanted is None:
            return Answer(200, headers, body)
        first, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
        return Answer(206, {**headers, "content-range": f"bytes {first}-{last}/{len(body)}"}, body[first : last + 1])


def etag(body: bytes) -> str:
    return f'"{md5(body).hexdigest()}"'
