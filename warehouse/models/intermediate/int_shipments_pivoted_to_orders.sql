with

shipments as (select * from {{ ref('stg_shipments') }}),

deliveries as (
    select * from shipments where event_type = 'shipment_delivered'
),

pivoted as (
    select
        order_id,
        max(occurred_at) as delivered_at,
        max(case when occurred_at > promised_at then 1 else 0 end) = 1 as is_delivered_late
    from deliveries
    group by order_id
)

select * from pivoted
