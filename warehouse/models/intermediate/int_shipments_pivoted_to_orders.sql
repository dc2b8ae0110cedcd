with

shipments as (select * from {{ ref('stg_shipments') }}),

ended as (
    select * from shipments where event_type in ('shipment_delivered', 'shipment_lost')
),

pivoted as (
    select
        order_id,
        max(case when event_type = 'shipment_delivered' then occurred_at end) as delivered_at,
        max(
            case
                when event_type = 'shipment_lost' then null
                when occurred_at > promised_at then 1
                else 0
            end
        ) = 1 as is_delivered_late,
        max(case when event_type = 'shipment_lost' then 1 else 0 end) = 1 as has_lost_parcel
    from ended
    group by order_id
)

select * from pivoted
