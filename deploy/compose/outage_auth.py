"""MLflow's basic authentication, but with 503 instead of 401 while its database is unavailable.

MLflow's own function answers 401 during an outage, as for a wrong password. Collectors and exporters drop spans after a
401 and retry after a 503. docker-compose.yml sets this function as MLflow's authorization_function. Made for MLflow 3.17.
"""

from flask import request
from mlflow.server import auth
from starlette.requests import Request
from werkzeug.datastructures import Authorization


def authenticate():
    """Returns the user who sends the request, or the response that asks for a password.

    Raises MlflowException while the database is unavailable; MLflow then answers 503.
    """
    # The server may have a prefix before this path. MLflow itself checks which paths accept the token of its jobs.
    if "/gateway/" in request.path:
        return _authenticate_gateway()
    credentials = request.authorization
    if credentials is None or credentials.type != "basic":
        return auth.make_basic_auth_response()
    answer = auth.authenticate_request_basic_auth()
    # Asks the database even if the password was cached: after this, MLflow reads the user again and answers 401 to any error.
    return answer if auth.store.has_user(credentials.username) else auth.make_basic_auth_response()


def _authenticate_gateway():
    """Authenticates as MLflow does, which also accepts a header of coding agents and a token of the server's own jobs."""
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope = {"type": "http", "method": request.method, "path": request.path, "headers": headers}
    user = auth._authenticate_fastapi_request(Request(scope))
    return Authorization("basic", {"username": user.username}) if user else auth.make_basic_auth_response()
