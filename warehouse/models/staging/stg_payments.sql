with

source as (select * from {{ source('raw', 'payments') }}),

shaped as (
    select
        -- ids
        event_id,
        payment_id,
        order_id,

        -- text
        event_type,
        method,
        decline_reason,

        -- numbers
        attempt,
        amount_cents,

        -- booleans
        event_type = 'payment_captured' as is_captured,

        -- instants
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
