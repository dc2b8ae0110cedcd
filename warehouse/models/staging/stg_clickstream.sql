with

source as (select * from {{ source('raw', 'clickstream') }}),

shaped as (
    select
        -- ids
        event_id,
        session_id,
        customer_id,
        product_id,

        -- text
        event_type,
        page,
        device,
        channel,
        country,
        search_term,
        campaign,

        -- numbers
        sequence as sequence_number,
        quantity,
        unit_price_cents,

        -- instants
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
