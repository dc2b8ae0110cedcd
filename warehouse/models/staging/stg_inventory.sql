with

source as (select * from {{ source('raw', 'inventory') }}),

shaped as (
    select
        -- ids
        event_id,
        product_id,
        order_id,

        -- text
        event_type,

        -- numbers
        delta_units,
        stock_units,

        -- instants
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
