with

orders as (select * from {{ ref('stg_orders') }}),

cancellations as (
    select distinct order_id from orders where event_type = 'order_cancelled'
),

placed as (
    select
        orders.order_id,
        orders.session_id,
        orders.customer_id,
        orders.country,
        orders.subtotal_cents,
        orders.shipping_cents,
        orders.total_cents,
        orders.lines,
        orders.occurred_at as ordered_at,
        cancellations.order_id is not null as is_cancelled
    from orders
    left join cancellations on orders.order_id = cancellations.order_id
    where orders.event_type = 'order_placed'
)

select * from placed
