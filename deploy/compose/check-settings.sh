#!/bin/sh
# docker-compose.yml runs this script before all other services, with its settings as environment variables. The script
# warns about settings that are unsafe for other users of this machine. It exits with 1, so that nothing starts, if a
# setting cannot work, or if other machines could reach something without a password or with a weak one.

# Passwords that consist of little else are weak.
COMMON_WORDS="password passwort passwd pass changeme change please replace insert your strong super very the default
  published secret token key administrator admin root user guest test testing demo example sample develop dev production
  prod temporary temp none null localhost local host only letmein welcome login qwertyuiop qwertz qwerty azerty asdfghjkl
  asdf zxcvbnm iloveyou monkey dragon sunshine princess football baseball spring summer autumn winter mlflow minioadmin
  minio postgresql postgres database bedrock collector otel jaeger docker compose flask server 1234567890 0123456789
  123456789 12345678 1234567 123456 12345 1234 123 4321 321 abcdefgh abcdef abcd abc 2022 2023 2024 2025 2026 2027"
# Compose starts MLflow although an optional check failed. start-mlflow.sh looks for these files.
REFUSALS=/checks
refused=0

warn() {
  echo "WARNING: $1"
}

refuse() {
  echo "REFUSED: $1" >&2
  refused=1
}

case "$BIND_ADDRESS" in
  *[!0-9.]*) open=yes ;;
  127.*.*.*) open=no ;;
  *) open=yes ;;
esac
[ "$BIND_ADDRESS" != "[::1]" ] || open=no

case "$ALLOW_OPEN_WITHOUT_AUTH" in
  true) may_be_open=yes ;;
  false | "") may_be_open=no ;;
  *)
    refuse "ALLOW_OPEN_WITHOUT_AUTH is \"$ALLOW_OPEN_WITHOUT_AUTH\". Use true or false."
    may_be_open=no
    ;;
esac

# weakness VALUE LEAST_LENGTH USER: prints why a password is weak, or nothing
weakness() {
  VALUE="$1" LEAST_LENGTH="$2" NAME="$3" COMMON_WORDS="$COMMON_WORDS" awk '
    # In lower case, without anything but letters and digits.
    function simple(text) {
      text = tolower(text)
      gsub(/[^a-z0-9]/, "", text)
      return text
    }
    function answer(why) {
      print why
      exit
    }
    BEGIN {
      LEAST_UNKNOWN = 6
      LEAST_KINDS = 6
      value = ENVIRON["VALUE"]
      if (value == "") answer("is empty")
      if (length(value) < ENVIRON["LEAST_LENGTH"] + 0) answer("has fewer than " ENVIRON["LEAST_LENGTH"] " characters")
      for (at = 1; at <= length(value); at++) if (!seen[substr(value, at, 1)]++) kinds++
      if (kinds < LEAST_KINDS) answer("repeats few characters")

      # As written, and with letters in place of the signs that people write for them.
      spelling[1] = simple(value)
      for (at = 1; at <= length(value); at++) {
        sign = substr(value, at, 1)
        place = index("013457@$!", sign)
        letters = letters (place ? substr("oieastasi", place, 1) : sign)
      }
      spelling[2] = simple(letters)
      user = simple(ENVIRON["NAME"])
      count = split(ENVIRON["COMMON_WORDS"], words)
      for (one = 1; one <= 2; one++) {
        unknown = spelling[one]
        if (user != "") gsub(user, "", unknown)
        if (length(unknown) < LEAST_UNKNOWN) answer("is the user name with little else")
        for (at = 1; at <= count; at++) gsub(words[at], "", unknown)
        if (length(unknown) < LEAST_UNKNOWN) answer("consists of common words")
      }
    }' || echo "cannot be checked"
}

# check_name NAME VALUE
check_name() {
  case "$2" in
    *[!A-Za-z0-9._~-]*) refuse "$1 becomes part of a URL: use letters, digits, \".\", \"-\" and \"_\" only." ;;
  esac
}

# check_stored NAME VALUE USER: a password of the database or the object store, which are never published
check_stored() {
  case "$2" in
    *[!A-Za-z0-9_-]*)
      refuse "$1 becomes part of a URL: use letters, digits, \"-\" and \"_\" only, for example: openssl rand -hex 16"
      ;;
  esac
  if [ "${#2}" -lt 8 ]; then
    refuse "$1 needs at least 8 characters."
    return
  fi
  why=$(weakness "$2" 12 "$3")
  [ "$2" != mlflow-local-only ] || why="is the published default"
  [ -n "$why" ] || return 0
  if [ "$open" = yes ]; then
    refuse "$1 $why, and BIND_ADDRESS=$BIND_ADDRESS opens ports to other machines. Set $1 in .env, for example: openssl rand -hex 16"
  else
    warn "$1 $why. If other people use this machine, set $1 in .env."
  fi
}

check_name POSTGRES_USER "$POSTGRES_USER"
check_name POSTGRES_DB "$POSTGRES_DB"
check_name MINIO_ROOT_USER "$MINIO_ROOT_USER"
check_stored POSTGRES_PASSWORD "$POSTGRES_PASSWORD" "$POSTGRES_USER"
check_stored MINIO_ROOT_PASSWORD "$MINIO_ROOT_PASSWORD" "$MINIO_ROOT_USER"

if [ -n "$MLFLOW_AUTH_ADMIN_PASSWORD" ]; then
  # MLflow itself asks for 12 characters.
  why=$(weakness "$MLFLOW_AUTH_ADMIN_PASSWORD" 12 "$MLFLOW_AUTH_ADMIN_USERNAME")
  [ -z "$why" ] || refuse "MLFLOW_AUTH_ADMIN_PASSWORD $why. Use another one, for example: openssl rand -hex 16"
  why=$(weakness "$MLFLOW_FLASK_SERVER_SECRET_KEY" 32 "$MLFLOW_AUTH_ADMIN_USERNAME")
  [ "$MLFLOW_FLASK_SERVER_SECRET_KEY" != "$MLFLOW_AUTH_ADMIN_PASSWORD" ] || why="is the administrator's password"
  [ -z "$why" ] ||
    refuse "MLFLOW_AUTH_ADMIN_PASSWORD needs a secret key, and MLFLOW_FLASK_SERVER_SECRET_KEY $why. Set it in .env, for example: openssl rand -hex 32"
elif [ "$CHECK" = auth ]; then
  refuse "The profile \"auth\" needs MLFLOW_AUTH_ADMIN_PASSWORD in .env, of at least 12 characters."
elif [ "$open" = yes ]; then
  what="MLflow asks for no password, so everyone who reaches $BIND_ADDRESS can read and delete all prompts and answers."
  if [ "$may_be_open" = yes ]; then
    warn "$what"
  else
    refuse "$what Set MLFLOW_AUTH_ADMIN_PASSWORD in .env, or ALLOW_OPEN_WITHOUT_AUTH=true if that is intended."
  fi
fi

if [ "$open" = yes ] && [ "$CHECK" = collector ]; then
  what="The Collector asks for no password, so everyone who reaches $BIND_ADDRESS can write traces to MLflow."
  if [ "$may_be_open" = yes ]; then
    warn "$what If COLLECTOR_AUTHORIZATION is set, let its user edit one experiment only."
  else
    refuse "$what Start it without the profile \"collector\", or set ALLOW_OPEN_WITHOUT_AUTH=true if that is intended."
  fi
fi

if [ -d "$REFUSALS" ]; then
  # The others run after "settings", each only with its profile.
  if [ "$CHECK" = settings ]; then rm -f "$REFUSALS"/*; else rm -f "$REFUSALS/$CHECK"; fi
  [ "$refused" = 0 ] || : >"$REFUSALS/$CHECK"
fi
exit "$refused"
