with

orders as (select * from {{ ref('int_orders_placed') }}),

customers as (select * from {{ ref('int_customers_latest') }}),

items as (select * from {{ ref('int_orders_exploded_to_items') }}),

sessions as (select * from {{ ref('fct_sessions') }}),

payments as (select * from {{ ref('int_payments_summed_to_orders') }}),

returns as (select * from {{ ref('int_returns_summed_to_orders') }}),

shipments as (select * from {{ ref('int_shipments_pivoted_to_orders') }}),

items_summed as (
    select
        order_id,
        count(*) as line_count,
        {{ total('quantity') }} as unit_count
    from items
    group by order_id
),

joined as (
    select
        orders.order_id,
        orders.session_id,
        orders.customer_id,
        orders.ordered_at,
        {{ day_of('orders.ordered_at') }} as order_date,
        orders.country,
        coalesce(sessions.device, 'unknown') as device,
        coalesce(sessions.channel, 'unknown') as channel,
        orders.customer_id is null as is_guest,
        coalesce(customers.is_staff, false) as is_test,
        orders.is_cancelled,
        coalesce(items_summed.line_count, 0) as line_count,
        coalesce(items_summed.unit_count, 0) as unit_count,
        orders.subtotal_cents,
        orders.shipping_cents,
        orders.coupon_code,
        orders.coupon_cents,
        orders.total_cents,
        orders.tax_cents,
        coalesce(payments.paid_cents, 0) as paid_cents,
        coalesce(returns.refunded_cents, 0) as refunded_cents,
        shipments.delivered_at,
        shipments.is_delivered_late,
        coalesce(shipments.has_lost_parcel, false) as has_lost_parcel
    from orders
    left join items_summed on orders.order_id = items_summed.order_id
    left join customers on orders.customer_id = customers.customer_id
    left join sessions on orders.session_id = sessions.session_id
    left join payments on orders.order_id = payments.order_id
    left join returns on orders.order_id = returns.order_id
    left join shipments on orders.order_id = shipments.order_id
)

select * from joined
