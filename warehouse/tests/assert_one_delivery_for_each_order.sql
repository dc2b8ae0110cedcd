-- Fails for each order of which two parcels arrived: another one is sent only after the first was lost.
select
    order_id,
    count(distinct shipment_id) as parcel_count
from {{ ref('stg_shipments') }}
where event_type = 'shipment_delivered'
group by order_id
having count(distinct shipment_id) > 1
