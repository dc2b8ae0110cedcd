-- Fails for each parcel that left before it was picked, or arrived or was lost before it left. A step that is not in
-- silver is left out.
with

shipments as (select * from {{ ref('stg_shipments') }}),

parcels as (
    select
        shipment_id,
        min(case when event_type = 'shipment_picked' then occurred_at end) as picked_at,
        min(case when event_type = 'shipment_dispatched' then occurred_at end) as dispatched_at,
        min(case when event_type = 'shipment_delivered' then occurred_at end) as delivered_at,
        min(case when event_type = 'shipment_lost' then occurred_at end) as lost_at
    from shipments
    group by shipment_id
),

impossible as (
    select *
    from parcels
    where dispatched_at < picked_at
        or delivered_at < dispatched_at
        or lost_at < dispatched_at
)

select * from impossible
