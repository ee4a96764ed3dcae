#!/bin/sh
# Starts MLflow, unless a check of the settings failed. Before that, it writes MLflow's configuration of users, which has a
# password, into memory. Docker Compose itself cannot add such a file to a container with a read-only file system
# (https://github.com/docker/compose/issues/12031). Without --app-name basic-auth, MLflow does not read the file.
set -eu

for refusal in /checks/*; do
  [ ! -e "$refusal" ] || {
    echo "REFUSED: the settings are unsafe. For the reason: docker compose logs check-${refusal##*/}" >&2
    exit 1
  }
done

write_configuration() {
  umask 077
  # Users and permissions are in the same database, so one backup contains everything. A password check is slow on purpose,
  # and every upload needs one, so MLflow caches it. An old password works until this time is over.
  cat >"$MLFLOW_AUTH_CONFIG_PATH" <<INI
[mlflow]
database_uri = $MLFLOW_BACKEND_STORE_URI
default_permission = $MLFLOW_DEFAULT_PERMISSION
auth_cache_ttl_seconds = 60
authorization_function = $MLFLOW_AUTHORIZATION_FUNCTION
INI
}

(write_configuration)
exec "$@"
