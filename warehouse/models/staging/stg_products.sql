with

source as (select * from {{ source('raw', 'products') }}),

shaped as (
    select
        -- ids
        event_id,
        product_id,
        product_group_id,

        -- text
        event_type,
        name as product_name,
        category,
        subcategory,
        brand,
        color,
        size,

        -- numbers
        price_cents,

        -- instants
        launched_at,
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
