#!/bin/sh
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis_password)
export REDISCLI_AUTH
[ "$(valkey-cli set stafford:health "$$" ex 60)" = OK ]
[ "$(valkey-cli get stafford:health)" = "$$" ]
