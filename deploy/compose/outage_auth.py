"""MLflow's basic authentication, but with 503 instead of 401 while its database is unavailable.

MLflow's own function answers 401 during an outage, as for a wrong password. Collectors and exporters drop spans after a
401 and retry after a 503. docker-compose.yml sets this function as MLflow's authorization_function. Made for MLflow 3.17.
"""

import os
import re
import secrets

from flask import request
from mlflow.gateway.constants import MLFLOW_GATEWAY_AUTH_HEADER
from mlflow.server import auth
from mlflow.server.gateway_api import gateway_router
from mlflow.server.handlers import STATIC_PREFIX_ENV_VAR
from starlette.requests import Request
from starlette.routing import Match
from werkzeug.datastructures import Authorization
from werkzeug.security import check_password_hash, generate_password_hash

# The password of no user. MLflow stores passwords with the same function.
_UNKNOWN_USER = generate_password_hash(secrets.token_urlsafe(32))
_HOST = re.compile(r"[A-Za-z0-9._\-]*(\[[0-9A-Fa-f:.]+\])?(:[0-9]+)?")


def authenticate():
    """Returns the user who sends the request, or the response that asks for a password.

    Raises MlflowException while the database is unavailable; MLflow then answers 503.
    """
    is_gateway = _is_gateway_route()
    credentials = _gateway_credentials() if is_gateway else request.authorization
    if credentials is None or credentials.type != "basic":
        return auth.make_basic_auth_response()
    answer = _authenticate_gateway(credentials) if is_gateway else auth.authenticate_request_basic_auth()
    # Asks the database even if the password was cached: after this, MLflow reads the user again and answers 401 to any error.
    if auth.store.has_user(credentials.username):
        return answer
    # MLflow checks no password for an unknown user. Without this check, quick answers would reveal which users exist.
    check_password_hash(_UNKNOWN_USER, credentials.password)
    return auth.make_basic_auth_response()


def _is_gateway_route():
    """Whether the request is for one of the gateway's own routes, by MLflow's route table."""
    # MLflow reads the path from a URL with the Host header in front, so a header with a "/" would bring its own path.
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        return False
    prefix = os.environ.get(STATIC_PREFIX_ENV_VAR, "").rstrip("/")
    if not request.path.startswith(f"{prefix}/"):
        return False
    scope = {"type": "http", "method": request.method, "path": request.path[len(prefix) :]}
    return any(route.matches(scope)[0] == Match.FULL for route in gateway_router.routes)


def _gateway_credentials():
    """The credentials for MLflow. Coding agents send them in a header of their own, beside those of their provider."""
    header = request.headers.get(MLFLOW_GATEWAY_AUTH_HEADER) or request.headers.get("Authorization")
    credentials = Authorization.from_header(header)
    # MLflow checks no password with other characters here, which would reveal that the user exists.
    is_basic = credentials is not None and credentials.type == "basic"
    return credentials if is_basic and f"{credentials.username}{credentials.password}".isascii() else None


def _authenticate_gateway(credentials):
    """Authenticates as MLflow does on these routes, where it also accepts a token of the server's own jobs."""
    headers = [(b"authorization", credentials.to_header().encode())]
    scope = {"type": "http", "method": request.method, "path": request.path, "headers": headers}
    user = auth._authenticate_fastapi_request(Request(scope))
    return Authorization("basic", {"username": user.username}) if user else auth.make_basic_auth_response()
