"""What must hold between the ledger and the tables, one query for each way it can fail.

Every query returns (topic, event_id, detail) rows: the findings. None means that the check holds.
Each has a negative control among the tests.
"""

CHECKS: dict[str, str] = {
    # Acknowledged by a durable log, and neither in silver nor in quarantine, nor given up by a replay.
    "lost": """
        SELECT DISTINCT topic, event_id, concat('sent as ', outcome, ', found nowhere')
        FROM sent ANTI JOIN silver USING (topic, event_id) ANTI JOIN quarantine USING (topic, event_id)
            ANTI JOIN dropped USING (topic, event_id)
        WHERE is_acknowledged
    """,
    # Sent several times on purpose or in retries: each acknowledged sending must have arrived.
    "missing_copy": """
        WITH arrived AS (
            SELECT topic, event_id FROM silver
            UNION ALL SELECT topic, event_id FROM quarantine
            UNION ALL SELECT topic, event_id FROM duplicates
            UNION ALL SELECT topic, event_id FROM dropped
        ),
        arrivals AS (SELECT topic, event_id, count(*) AS arrivals FROM arrived GROUP BY ALL),
        sendings AS (SELECT topic, event_id, sum(acknowledgements) AS sendings FROM sent GROUP BY ALL)
        SELECT topic, event_id, concat('acknowledged ', sendings, ' times, arrived ', arrivals, ' times')
        FROM sendings JOIN arrivals USING (topic, event_id) WHERE arrivals < sendings
    """,
    "doubled": """
        SELECT topic, event_id, concat('stands ', count(*), ' times in silver')
        FROM silver GROUP BY topic, event_id HAVING count(*) > 1
        UNION ALL
        SELECT topic, event_id, concat('stands ', count(*), ' times in quarantine with reason ', first_reason)
        FROM quarantine SEMI JOIN sent USING (topic, event_id)
        GROUP BY topic, event_id, first_reason HAVING count(*) > 1
    """,
    # In the wrong one of the two, or in quarantine for another reason than the ledger knows. What a replay
    # mended is in silver by a person's decision.
    "misjudged": """
        SELECT DISTINCT sent.topic, sent.event_id, concat('is clean, but quarantined for ', quarantine.reason)
        FROM sent JOIN quarantine USING (topic, event_id) WHERE sent.outcome = 'silver'
        UNION ALL
        SELECT DISTINCT sent.topic, sent.event_id,
            concat('must be quarantined for ', sent.reason, ', but is in silver')
        FROM sent JOIN silver USING (topic, event_id) ANTI JOIN replayed USING (coordinate)
        WHERE sent.outcome = 'quarantine'
        UNION ALL
        SELECT DISTINCT sent.topic, sent.event_id,
            concat('must be quarantined for ', sent.reason, ', but is there for ', quarantine.reason)
        FROM sent JOIN quarantine USING (topic, event_id)
        WHERE sent.outcome = 'quarantine' AND sent.reason IS DISTINCT FROM quarantine.reason
            -- of two faults a replay may have mended the one that the ledger names
            AND sent.reason IS DISTINCT FROM quarantine.first_reason
    """,
    # Carries the id of a run of ours, which never sent it.
    "invented": """
        SELECT topic, event_id, 'in silver, and never sent'
        FROM silver SEMI JOIN sent USING (run_id) ANTI JOIN sent USING (topic, event_id)
        UNION ALL
        SELECT topic, event_id, 'in quarantine, and never sent'
        FROM quarantine SEMI JOIN sent USING (run_id) ANTI JOIN sent USING (topic, event_id)
    """,
    "altered": """
        SELECT DISTINCT sent.topic, sent.event_id,
            concat('was sent with ', sent.amount_cents, ' cents, silver has ', silver.amount_cents)
        FROM sent JOIN silver USING (topic, event_id)
        WHERE sent.outcome = 'silver' AND sent.amount_cents IS DISTINCT FROM silver.amount_cents
    """,
    # Each record of bronze must be in exactly one of silver, quarantine, duplicates and dropped.
    "unaccounted": """
        WITH fates AS (
            SELECT topic, event_id, coordinate FROM silver
            UNION ALL SELECT topic, event_id, coordinate FROM quarantine
            UNION ALL SELECT topic, event_id, coordinate FROM duplicates
            UNION ALL SELECT topic, event_id, coordinate FROM dropped
        )
        SELECT topic, NULL,
            concat('bronze record ', coordinate, ' is in none of silver, quarantine, duplicates, dropped')
        FROM bronze ANTI JOIN fates USING (coordinate)
        UNION ALL
        SELECT topic, event_id, concat('comes from ', coordinate, ', which bronze does not have')
        FROM fates ANTI JOIN bronze USING (coordinate)
        UNION ALL
        SELECT any_value(topic), any_value(event_id),
            concat('record ', coordinate, ' was given ', count(*), ' fates')
        FROM fates GROUP BY coordinate HAVING count(*) > 1
    """,
}

TOPICS = """
    WITH counted AS (
        SELECT topic, sum(sendings) AS sent, sum(acknowledgements) AS acknowledged, 0 AS bronze, 0 AS silver,
            0 AS quarantined, 0 AS duplicates_removed, 0 AS dropped, 0 AS replayed
        FROM sent GROUP BY topic
        UNION ALL SELECT topic, 0, 0, count(*), 0, 0, 0, 0, 0 FROM bronze GROUP BY topic
        UNION ALL SELECT topic, 0, 0, 0, count(*), 0, 0, 0, 0 FROM silver GROUP BY topic
        UNION ALL SELECT topic, 0, 0, 0, 0, count(*), 0, 0, 0 FROM quarantine GROUP BY topic
        UNION ALL SELECT topic, 0, 0, 0, 0, 0, count(*), 0, 0 FROM duplicates GROUP BY topic
        UNION ALL SELECT topic, 0, 0, 0, 0, 0, 0, count(*), 0 FROM dropped GROUP BY topic
        UNION ALL SELECT topic, 0, 0, 0, 0, 0, 0, 0, count(*) FROM replayed GROUP BY topic
    )
    SELECT topic, sum(sent)::BIGINT AS sent, sum(acknowledged)::BIGINT AS acknowledged,
        sum(bronze)::BIGINT AS bronze, sum(silver)::BIGINT AS silver,
        sum(quarantined)::BIGINT AS quarantined, sum(duplicates_removed)::BIGINT AS duplicates_removed,
        sum(dropped)::BIGINT AS dropped, sum(replayed)::BIGINT AS replayed
    FROM counted GROUP BY topic ORDER BY topic
"""
"""bronze = silver + quarantined + duplicates_removed + dropped; `replayed` is a part of silver."""

REASONS = """
    WITH counted AS (
        SELECT topic, reason, count(DISTINCT event_id) AS expected, 0 AS found
        FROM sent ANTI JOIN replayed USING (topic, event_id) ANTI JOIN dropped USING (topic, event_id)
        WHERE outcome = 'quarantine' AND is_acknowledged GROUP BY topic, reason
        UNION ALL SELECT topic, reason, 0, count(*) FROM quarantine GROUP BY topic, reason
    )
    SELECT topic, reason, sum(expected)::BIGINT AS expected, sum(found)::BIGINT AS found
    FROM counted GROUP BY topic, reason ORDER BY topic, reason
"""

LEDGER_CENTS = """
    SELECT coalesce(sum(amount_cents), 0)::BIGINT FROM (
        SELECT DISTINCT topic, event_id, amount_cents FROM sent ANTI JOIN dropped USING (topic, event_id)
        WHERE event_type = $event_type AND outcome = 'silver'
            -- a batch in doubt counts when it did arrive
            AND (is_acknowledged OR (topic, event_id) IN (SELECT (topic, event_id) FROM silver))
        UNION ALL
        -- what the ledger gave up and a replay mended has the cents that the mending gave it
        SELECT topic, event_id, silver.amount_cents
        FROM silver SEMI JOIN replayed USING (coordinate)
            SEMI JOIN (FROM sent WHERE outcome = 'quarantine') AS given_up USING (topic, event_id)
        WHERE event_type = $event_type
        UNION ALL
        -- other producers may write to the same topics; their money is in the marts too
        SELECT topic, event_id, amount_cents FROM silver ANTI JOIN sent USING (topic, event_id)
        WHERE event_type = $event_type AND (run_id IS NULL OR run_id NOT IN (SELECT run_id FROM sent))
    )
"""

DIGEST = """
    SELECT concat(count(*), '-', format('{:032x}', bit_xor(md5_number(concat_ws(
        '|', topic, event_id, event_type, copy, outcome, coalesce(reason, ''), coalesce(amount_cents, 0)
    )))))
    FROM sent
"""
"""Same labels, same digest, in whatever batches they were sent; the count guards the empty ledger."""
