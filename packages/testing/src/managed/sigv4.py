"""Checks Signature V4 as the front door of an AWS service does, with botocore as the judge of signatures.

botocore computes the canonical request, the text to sign and the signature from the request as it arrived. Everything
else here is what an AWS service checks besides: key, token, clock, scope, and the hash of the body.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True)
class Key:
    """A key that the services know. `token` belongs to temporary keys. `expires` is a Unix time in seconds."""

    id: str
    secret: str
    token: str | None = None
    expires: float | None = None


@dataclass(frozen=True)
class Request:
    """A request as it arrived. `target` is path and query with their percent signs. Names of headers are lower-case."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for header, value in self.headers if header == name]
        return values[0] if len(values) == 1 else None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Demands:
    """What a service wants of a signature. `needed` are headers that must be there and be signed."""

    region: str
    service: str
    needed: set[str] = field(default_factory=set)
    longest_skew: timedelta = timedelta(minutes=5)


class Refusal(Exception):
    """`reason` is one word for each cause. The message is that of AWS services whose protocol is JSON."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason, self.message = reason, message


def verify(request: Request, keys: dict[str, Key], demands: Demands, now: datetime) -> Key:
    """Returns the key that signed the request.

    Raises Refusal if AWS would not accept the request. The refusal of a wrong signature quotes the whole canonical
    request with the session token, as AWS does.
    """
    authorization = request.header("authorization")
    if authorization is None:
        raise Refusal("unsigned", "Missing Authentication Token")
    parts = AUTHORIZATION.fullmatch(authorization)
    date = request.header("x-amz-date") or ""
    if parts is None or not re.fullmatch(r"\d{8}T\d{6}Z", date):
        raise Refusal(
            "incomplete",
            "Authorization header requires 'Credential' parameter, 'SignedHeaders' parameter, 'Signature' parameter "
            f"and existence of either a 'X-Amz-Date' or a 'Date' header. Authorization={authorization}",
        )
    key_id, scope_date, region, service, names, signature = parts.groups()
    key = keys.get(key_id)
    if key is None:
        raise Refusal("key", "The security token included in the request is invalid.")
    if request.header("x-amz-security-token") != key.token:
        raise Refusal("token", "The security token included in the request is invalid.")
    if key.expires is not None and key.expires <= now.timestamp():
        raise Refusal("expired", "The security token included in the request is expired")
    check_scope(scope_date, region, service, date, demands)
    check_clock(date, now, demands.longest_skew)
    check_headers(request, names.split(";"), demands.needed)
    check_signature(request, names.split(";"), key, demands, date, signature)
    return key


def check_scope(scope_date: str, region: str, service: str, date: str, demands: Demands) -> None:
    if region != demands.region:
        raise Refusal("region", f"Credential should be scoped to a valid region, not '{region}'. ")
    if service != demands.service:
        raise Refusal("service", f"Credential should be scoped to correct service: '{demands.service}'. ")
    if scope_date != date[:8]:
        raise Refusal(
            "date",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope_date}' != '{date[:8]}', from '{date}'.",
        )


def check_clock(date: str, now: datetime, skew: timedelta) -> None:
    signed = datetime.strptime(date, SIGV4_TIMESTAMP).replace(tzinfo=timezone.utc)
    shown, minutes = now.strftime(SIGV4_TIMESTAMP), int(skew.total_seconds() / 60)
    if signed < now - skew:
        limit = (now - skew).strftime(SIGV4_TIMESTAMP)
        raise Refusal("clock", f"Signature expired: {date} is now earlier than {limit} ({shown} - {minutes} min.)")
    if signed > now + skew:
        limit = (now + skew).strftime(SIGV4_TIMESTAMP)
        raise Refusal("clock", f"Signature not yet current: {date} is still later than {limit} ({shown} + {minutes} min.)")


def check_headers(request: Request, names: list[str], needed: set[str]) -> None:
    """AWS wants the host, the content type and every header of its own to be signed."""
    present = {name for name, _ in request.headers}
    own = {name for name in present if name.startswith("x-amz-") or name in ("host", "content-type")}
    unsigned = sorted((own | needed) - set(names))
    if unsigned:
        raise Refusal("header", f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    stated = request.header("x-amz-content-sha256")
    if stated is not None and stated != hashlib.sha256(request.body).hexdigest():
        raise Refusal("hash", "The provided 'x-amz-content-sha256' header does not match what was computed.")


def check_signature(
    request: Request, names: list[str], key: Key, demands: Demands, date: str, signature: str
) -> None:
    is_s3 = demands.service == "s3"
    # S3 encodes the name of an object anew. Other services encode the path once more, which botocore does.
    path = quote(unquote(request.path), safe="/~") if is_s3 else request.path
    # A plus sign in a query is a plus sign to AWS. A client that writes it for a space signs something else.
    pairs = [pair.partition("=") for pair in request.target.partition("?")[2].split("&") if pair != ""]
    aws_request = AWSRequest(
        method=request.method,
        url=f"http://{request.header('host')}{path}",
        params=[(unquote(name), unquote(value)) for name, _, value in pairs],
        data=request.body,
    )
    for name, value in request.headers:
        # A front door strips some headers before the check, so a signature over them is wrong.
        if name in names and name not in SIGNED_HEADERS_BLACKLIST:
            aws_request.headers[name] = value
    aws_request.context["timestamp"] = date
    kind = S3SigV4Auth if is_s3 else SigV4Auth
    judge = kind(Credentials(key.id, key.secret, key.token), demands.service, demands.region)
    canonical_request = judge.canonical_request(aws_request)
    text = judge.string_to_sign(aws_request, canonical_request)
    if not hmac.compare_digest(judge.signature(text, aws_request), signature):
        raise Refusal(
            "signature",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.\n\n"
            f"The Canonical String for this request should have been\n'{canonical_request}'\n\n"
            f"The String-to-Sign should have been\n'{text}'\n",
        )
