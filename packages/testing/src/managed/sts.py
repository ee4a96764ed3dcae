"""STS with the one action that clients of SageMaker's MLflow need: AssumeRole. The other services know its keys."""

import re
import secrets
from datetime import timedelta
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from service import Answer, Declined, Service
from sigv4 import AUTHORIZATION, Demands, Key, Refusal, Request

TYPES = {
    "unsigned": "MissingAuthenticationToken",
    "incomplete": "IncompleteSignature",
    "key": "InvalidClientTokenId",
    "token": "InvalidClientTokenId",
    "expired": "ExpiredToken",
}
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Sts(Service):
    name = "sts"

    def demands(self, request: Request) -> Demands:
        # Each region has an STS.
        parts = AUTHORIZATION.fullmatch(request.header("authorization") or "")
        return Demands(parts[3] if parts else "", "sts")

    def declined(self, refusal: Refusal) -> Declined:
        return Declined(403, TYPES.get(refusal.reason, "SignatureDoesNotMatch"), refusal.message)

    def show(self, declined: Declined) -> Answer:
        error = f"<Type>Sender</Type><Code>{declined.kind}</Code><Message>{escape(declined.message)}</Message>"
        return self.xml(declined.status, f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{error}</Error></ErrorResponse>')

    def work(self, request: Request, entry: dict) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        role = form.get("RoleArn", "")
        name = re.fullmatch(r"arn:[\w-]+:iam::(\d{12}):role/(?:.*/)?([^/]+)", role)
        if form.get("Action") != "AssumeRole" or name is None:
            raise Declined(400, "ValidationError", "AssumeRole with the ARN of a role is required.")
        entry.update(role=role, session=form.get("RoleSessionName"))
        expires = self.state.now() + timedelta(seconds=int(form.get("DurationSeconds", 3600)))
        key = Key(
            f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30), secrets.token_urlsafe(400), expires.timestamp()
        )
        self.state.add_key(key)
        user = f"arn:aws:sts::{name[1]}:assumed-role/{name[2]}/{form.get('RoleSessionName')}"
        credentials = (
            f"<AccessKeyId>{key.id}</AccessKeyId><SecretAccessKey>{key.secret}</SecretAccessKey>"
            f"<SessionToken>{key.token}</SessionToken><Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
        )
        result = (
            f"<Credentials>{credentials}</Credentials>"
            f"<AssumedRoleUser><Arn>{user}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>"
        )
        return self.xml(
            200,
            f'<AssumeRoleResponse xmlns="{NAMESPACE}"><AssumeRoleResult>{result}</AssumeRoleResult></AssumeRoleResponse>',
        )

    def xml(self, status: int, text: str) -> Answer:
        return Answer(status, {"content-type": "text/xml"}, text.encode())
