#!/usr/bin/env bash
# Starts a KRaft broker from the settings below: formats an empty data folder once, then serves.
# The image's own entry point is not used, so that one file says everything that the broker is told.
set -euo pipefail

config=/tmp/server.properties
# The first node is a quorum of its own until others join it.
if [ "$STAFFORD_NODE_ID" = 1 ]; then
  first=--standalone joins=false others=
else
  first=--no-initial-controllers joins=true others=,kafka-2:9093,kafka-3:9093
fi
cat >"$config" <<EOF
process.roles=broker,controller
node.id=${STAFFORD_NODE_ID}
# Where a new node finds the others. Who votes is kept in the log itself, so that one broker can become three.
controller.quorum.bootstrap.servers=kafka:9093${others}
controller.quorum.auto.join.enable=${joins}
controller.listener.names=CONTROLLER
listeners=INTERNAL://:19092,HOST://:9092,CONTROLLER://:9093
advertised.listeners=INTERNAL://$(hostname):19092,HOST://${STAFFORD_ADVERTISED},CONTROLLER://$(hostname):9093
listener.security.protocol.map=INTERNAL:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
log.dirs=/var/lib/kafka/data/log
metadata.log.dir=/var/lib/kafka/data/metadata
# A misspelt topic is an error, not a new topic without a plan.
auto.create.topics.enable=false
# Arrival time decides which of two copies is kept, so it must be the broker's clock and not the sender's.
log.message.timestamp.type=LogAppendTime
# One copy, for a broker that is alone; copies.sh makes three for a cluster.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
default.replication.factor=1
min.insync.replicas=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
message.max.bytes=1048588
# Small, for a laptop: fewer internal partitions, threads and buffers.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
group.initial.rebalance.delay.ms=0
EOF

export LOG_DIR=/tmp/kafka-logs
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms256m -Xmx384m}"
export KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -Djava.awt.headless=true"
# To the console alone: Docker keeps and rotates it.
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=/stafford/log4j2.properties"
export KAFKA_GC_LOG_OPTS=" "

# One id for all nodes, fixed: it names this stack and is no secret.
KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/kafka-storage.sh format "$first" --ignore-formatted \
  --cluster-id=c3RhZmZvcmQtc3RhY2stMA --config "$config"
exec /opt/kafka/bin/kafka-server-start.sh "$config"
