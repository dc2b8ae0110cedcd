with

source as (select * from {{ source('raw', 'reviews') }}),

shaped as (
    select
        -- ids
        event_id,
        review_id,
        order_id,
        product_id,
        customer_id,

        -- text
        title,

        -- numbers
        rating,

        -- instants
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
