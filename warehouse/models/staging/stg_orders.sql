with

source as (select * from {{ source('raw', 'orders') }}),

shaped as (
    select
        -- ids
        event_id,
        order_id,
        session_id,
        customer_id,

        -- text
        event_type,
        country,
        coupon_code,

        -- numbers
        subtotal_cents,
        shipping_cents,
        coupon_cents,
        total_cents,
        tax_cents,

        -- nested
        lines,

        -- instants
        placed_at,
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
