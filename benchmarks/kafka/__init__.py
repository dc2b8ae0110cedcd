"""How Kafka's settings trade speed for delay, size and safety: `stafford bench kafka`.

Our client and Kafka's own tools send and read the same bytes with the same settings on one broker, in
turns. One setting is changed at a time; everything else stays as our transport has it.
"""
