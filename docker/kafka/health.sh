#!/usr/bin/env bash
# Asks the broker for the cluster's metadata and wants at least one live broker in the answer.
# By hand, because Kafka's own tools start a JVM each time: a second of a core, every five seconds.
set -eu
exec 3<>/dev/tcp/127.0.0.1/19092
# Length 14, Metadata (3) version 1, correlation 42, no client id, no topics.
printf '\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x2a\xff\xff\x00\x00\x00\x00' >&3
# Length, correlation id, number of live brokers: four bytes each.
answer=$(head -c 12 <&3 | od -An -v -tx1 | tr -d ' \n')
[ "${answer:8:8}" = 0000002a ] && [ "$((16#${answer:16:8}))" -ge 1 ]
