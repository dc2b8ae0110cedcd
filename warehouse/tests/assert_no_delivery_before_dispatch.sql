-- Fails for each parcel that arrived before it left; parcels of which only one step is in silver are left out.
with

shipments as (select * from {{ ref('stg_shipments') }}),

parcels as (
    select
        shipment_id,
        min(case when event_type = 'shipment_dispatched' then occurred_at end) as dispatched_at,
        min(case when event_type = 'shipment_delivered' then occurred_at end) as delivered_at
    from shipments
    group by shipment_id
),

impossible as (
    select * from parcels where delivered_at < dispatched_at
)

select * from impossible
