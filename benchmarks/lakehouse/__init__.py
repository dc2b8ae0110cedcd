"""How fast the lake takes in events, by Spark's own reading of Kafka: `python -m benchmarks.lakehouse`.

One process starts a broker, fills its topics once, and opens one Spark session as `stafford ingest` does.
Every path reads the same records in the same session, in turn with the others, round by round.
"""
