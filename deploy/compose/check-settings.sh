#!/bin/sh
# docker-compose.yml runs this script before all other services, with its settings as environment variables. The script
# warns about settings that are unsafe beyond this machine. It exits with 1, so that nothing starts, if a setting cannot
# work or if other machines could use a published password.

DEFAULT_PASSWORD=mlflow-local-only
refused=0

warn() {
  echo "WARNING: $1"
}

refuse() {
  echo "REFUSED: $1" >&2
  refused=1
}

case "$BIND_ADDRESS" in
  127.* | "[::1]") open=no ;;
  *) open=yes ;;
esac

# check_name NAME VALUE
check_name() {
  case "$2" in
    *[!A-Za-z0-9._~-]*) refuse "$1 becomes part of a URL: use letters, digits, \".\", \"-\" and \"_\" only." ;;
  esac
}

# check_password NAME VALUE
check_password() {
  case "$2" in
    *[!A-Za-z0-9_-]*)
      refuse "$1 becomes part of a URL: use letters, digits, \"-\" and \"_\" only, for example: openssl rand -hex 16"
      ;;
  esac
  [ "${#2}" -ge 8 ] || refuse "$1 needs at least 8 characters."
  [ "$2" = "$DEFAULT_PASSWORD" ] || return 0
  if [ "$open" = yes ]; then
    refuse "$1 is the published default, and BIND_ADDRESS=$BIND_ADDRESS opens ports to other machines. Set $1 in .env."
  else
    warn "$1 is the published default. If other people use this machine, set $1 in .env."
  fi
}

check_name POSTGRES_USER "$POSTGRES_USER"
check_name POSTGRES_DB "$POSTGRES_DB"
check_name MINIO_ROOT_USER "$MINIO_ROOT_USER"
check_password POSTGRES_PASSWORD "$POSTGRES_PASSWORD"
check_password MINIO_ROOT_PASSWORD "$MINIO_ROOT_PASSWORD"

if [ -n "$MLFLOW_AUTH_ADMIN_PASSWORD" ]; then
  [ "${#MLFLOW_AUTH_ADMIN_PASSWORD}" -ge 12 ] || refuse "MLFLOW_AUTH_ADMIN_PASSWORD needs at least 12 characters."
  [ -n "$MLFLOW_FLASK_SERVER_SECRET_KEY" ] ||
    refuse "MLFLOW_AUTH_ADMIN_PASSWORD needs MLFLOW_FLASK_SERVER_SECRET_KEY in .env, too, for example: openssl rand -hex 32"
elif [ "$REQUIRE_AUTH" = true ]; then
  refuse "The profile \"auth\" needs MLFLOW_AUTH_ADMIN_PASSWORD in .env, of at least 12 characters."
elif [ "$open" = yes ]; then
  warn "MLflow asks for no password, so everyone who reaches $BIND_ADDRESS can read all prompts and answers. Set MLFLOW_AUTH_ADMIN_PASSWORD in .env."
fi

if [ "$open" = yes ] && [ -n "$COLLECTOR_AUTHORIZATION" ]; then
  warn "The Collector asks for no password, so everyone who reaches $BIND_ADDRESS can write to MLflow as the user of COLLECTOR_AUTHORIZATION. Let that user edit one experiment only."
fi

exit "$refused"
