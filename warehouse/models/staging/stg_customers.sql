with

source as (select * from {{ source('raw', 'customers') }}),

shaped as (
    select
        -- ids
        event_id,
        customer_id,

        -- text
        event_type,
        full_name,
        email,
        city,
        country,
        segment,

        -- booleans
        marketing_consent as has_marketing_consent,

        -- instants
        registered_at,
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
