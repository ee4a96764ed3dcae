"""MLflow's basic authentication, which answers 503 and not 401 while its database is away.

MLflow's own function says 401 then, as for a wrong password. Collectors and exporters drop what is refused so, and send
again after a 503. Named in docker-compose.yml as MLflow's authorization_function; for MLflow 3.17.
"""

from flask import request
from mlflow.server import auth
from starlette.requests import Request
from werkzeug.datastructures import Authorization


def authenticate():
    """Who sends the request, or the response that asks for a password.

    Raises MlflowException, which MLflow answers with 503, while the database is away.
    """
    # Below any prefix of the server. Which path takes the jobs' token, MLflow decides by itself.
    if "/gateway/" in request.path:
        return _authenticate_gateway()
    credentials = request.authorization
    if credentials is None or credentials.type != "basic":
        return auth.make_basic_auth_response()
    answer = auth.authenticate_request_basic_auth()
    # Whatever the cache said: MLflow looks the user up once more, and takes any error there for a 401.
    return answer if auth.store.has_user(credentials.username) else auth.make_basic_auth_response()


def _authenticate_gateway():
    """As MLflow does by itself: it knows the header of coding agents, and the token of the server's own jobs."""
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope = {"type": "http", "method": request.method, "path": request.path, "headers": headers}
    user = auth._authenticate_fastapi_request(Request(scope))
    return Authorization("basic", {"username": user.username}) if user else auth.make_basic_auth_response()
