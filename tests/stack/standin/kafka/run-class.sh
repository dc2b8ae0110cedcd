#!/bin/sh
# What the real kafka-run-class.sh does of what docker/kafka/start.sh relies on.
# shellcheck disable=SC2086  # the options are lists of words
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} ${KAFKA_JVM_PERFORMANCE_OPTS:-} ${KAFKA_LOG4J_OPTS:-} \
  "-Dkafka.logs.dir=${LOG_DIR:-/tmp}" -cp '/opt/kafka/libs/*' "$@"
