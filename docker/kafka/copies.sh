#!/usr/bin/env bash
# Three copies of every topic that has fewer. Kafka makes its own topics with as many copies as its first broker was
# told, which is one; and a stack that had one broker until now has one copy of everything.
set -euo pipefail

limit_s=300
export LOG_DIR=/tmp/kafka-logs KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=/stafford/log4j2.properties"
export KAFKA_HEAP_OPTS="-Xmx128m" KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

tool() {
  local name=$1
  shift
  "/opt/kafka/bin/kafka-$name.sh" --bootstrap-server brokers:19092 "$@"
}

# Waits until a function succeeds.
await() {
  until "$2"; do
    if [ "$SECONDS" -gt "$limit_s" ]; then
      echo "not within $limit_s s: $1; see the logs of kafka, kafka-2 and kafka-3" >&2
      exit 1
    fi
    sleep 1
  done
}

all_vote() {
  tool metadata-quorum describe --status | grep -Eq '^CurrentVoters: .*"id": 1,.*"id": 2,.*"id": 3,'
}

# Kafka's own, as Kafka itself would make them but with three copies, before anybody needs them.
make_own() {
  local topic=$1
  shift
  tool topics --create --if-not-exists --topic "$topic" --partitions 4 --replication-factor 3 \
    --config segment.bytes=104857600 --config min.insync.replicas=2 "$@"
}

# Partition 0 prefers broker 1, partition 1 broker 2, and so on, so that the work is shared.
list_moves() {
  tool topics --describe | awk '
    /Partition: / {
      for (i = 1; i < NF; i++) {
        if ($i == "Topic:") topic = $(i + 1)
        if ($i == "Partition:") partition = $(i + 1)
        if ($i == "Replicas:") copies = split($(i + 1), unused, ",")
      }
      if (copies < 3) {
        printf "%s{\"topic\":\"%s\",\"partition\":%d,\"replicas\":[%d,%d,%d]}", comma, topic, partition,
          partition % 3 + 1, (partition + 1) % 3 + 1, (partition + 2) % 3 + 1
        comma = ","
      }
    }'
}

reassign() {
  tool reassign-partitions --reassignment-json-file /tmp/moves.json "$@"
}

all_moved() {
  # What it says is read whole: grep would close the pipe early.
  local answer
  answer=$(reassign --verify)
  ! grep -q 'in progress' <<<"$answer"
}

await "three voters in the quorum" all_vote
make_own __consumer_offsets --config cleanup.policy=compact --config compression.type=producer
make_own __transaction_state --config cleanup.policy=compact --config compression.type=uncompressed
make_own __share_group_state --config cleanup.policy=delete --config retention.ms=-1
moves=$(list_moves)
if [ -n "$moves" ]; then
  echo "{\"version\":1,\"partitions\":[$moves]}" >/tmp/moves.json
  reassign --execute --additional >/dev/null
  await "three copies of every partition" all_moved
fi
echo "every topic has three copies"
