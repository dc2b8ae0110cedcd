with

source as (select * from {{ source('raw', 'returns') }}),

shaped as (
    select
        -- ids
        event_id,
        return_id,
        order_id,
        product_id,

        -- text
        event_type,
        return_reason,

        -- numbers
        line_number,
        quantity,
        refund_cents,

        -- instants
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
