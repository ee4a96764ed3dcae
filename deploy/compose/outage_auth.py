"""MLflow's basic authentication, which answers 503 and not 401 while its database is away.

MLflow's own function says 401 then, as for a wrong password. Collectors and exporters drop what is refused so, and send
again after a 503. Named in docker-compose.yml as MLflow's authorization_function.
"""

from mlflow.server import auth
from werkzeug.datastructures import Authorization


def authenticate():
    """Who sends the request, or the response that asks for a password.

    Raises MlflowException, which MLflow answers with 503, while the database is away.
    """
    answer = auth.authenticate_request_basic_auth()
    if isinstance(answer, Authorization):
        # Known from the cache, perhaps. MLflow looks the user up once more, and there takes any error for a 401.
        auth.store.get_user(answer.username)
    return answer
