#!/bin/sh
# docker-compose.yml runs this script before all other services, with its settings as environment variables. The script
# warns about settings that are unsafe for other users of this machine. It exits with 1, so that nothing starts, if a
# setting cannot work, or if other machines could reach something without a password or with a weak one.

# Passwords that consist of little else are weak. A word follows the longer words that contain it.
COMMON_WORDS="password passwort passwd pass changeme change please replace insert enter your strong super very default
  published secret token administrator admin root user guest test testing demo example sample develop production prod
  temporary temp todo later here this none null localhost local host only letmein welcome login iloveyou hunter
  trustno monkey dragon sunshine princess football baseball spring summer autumn winter company internal team master
  access mlflow minioadmin minio postgresql postgres database bedrock collector opentelemetry telemetry observability
  tracing traces otel jaeger grafana prometheus docker compose flask server amazon anthropic claude openai 2022 2023
  2024 2025 2026 2027 again the key dev now set my me aws"
# Characters beside each other in the alphabet, among the digits and on keyboards, where people run along.
NEIGHBOURS="abcdefghijklmnopqrstuvwxyz 01234567890 147 258 369 qwertyuiop qwertz asdfghjkl zxcvbnm azerty
  1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 8ik 9ol 1q2w3e4r5t6y7u8i9o0p"
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
  VALUE="$1" LEAST_LENGTH="$2" NAME="$3" COMMON_WORDS="$COMMON_WORDS" NEIGHBOURS="$NEIGHBOURS" awk '
    # In lower case, without anything but letters and digits.
    function simple(text) {
      text = tolower(text)
      gsub(/[^a-z0-9]/, "", text)
      return text
    }
    function reversed(text, result, at) {
      for (at = length(text); at > 0; at--) result = result substr(text, at, 1)
      return result
    }
    # The number of characters that do not repeat or follow the one before them.
    function unpredictable(text, count, at, pair) {
      for (at = 1; at <= length(text); at++) {
        pair = substr(text, at - 1, 2)
        if (at == 1 || substr(text, at - 1, 1) != substr(text, at, 1) && !index(neighbours, pair)) count++
      }
      return count + 0
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

      # A text that is repeated counts once.
      period = index(substr(value value, 2), value)
      value = substr(value, 1, period)
      # As written, with letters in place of the signs that people write for them, and both backwards.
      spelling[1] = simple(value)
      for (at = 1; at <= length(value); at++) {
        sign = substr(value, at, 1)
        place = index("013457@$!", sign)
        letters = letters (place ? substr("oieastasi", place, 1) : sign)
      }
      spelling[2] = simple(letters)
      spelling[3] = reversed(spelling[1])
      spelling[4] = reversed(spelling[2])
      neighbours = ENVIRON["NEIGHBOURS"] " " reversed(ENVIRON["NEIGHBOURS"])
      user = simple(ENVIRON["NAME"])
      count = split(ENVIRON["COMMON_WORDS"], words)
      for (one = 1; one <= 4; one++) {
        unknown = spelling[one]
        if (user != "") gsub(user, "", unknown)
        if (length(unknown) < LEAST_UNKNOWN) answer("is the user name with little else")
        for (at = 1; at <= count; at++) gsub(words[at], "", unknown)
        if (unpredictable(unknown) < LEAST_UNKNOWN) answer("consists of common words or of keys in a row")
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
[ "${#MINIO_ROOT_USER}" -ge 3 ] || refuse "MINIO_ROOT_USER needs at least 3 characters."
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
