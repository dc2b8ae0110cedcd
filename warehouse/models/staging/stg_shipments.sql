with

source as (select * from {{ source('raw', 'shipments') }}),

shaped as (
    select
        -- ids
        event_id,
        shipment_id,
        order_id,

        -- text
        event_type,
        carrier,

        -- instants
        promised_at,
        occurred_at,
        _ingested_at as ingested_at
    from source
)

select * from shaped
