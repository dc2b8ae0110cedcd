-- Fails for each order whose lines do not sum to its subtotal, or whose total is not subtotal and shipping less coupon.
with

orders as (select * from {{ ref('fct_orders') }}),

items as (select * from {{ ref('fct_order_items') }}),

items_summed as (
    select
        order_id,
        {{ total('line_total_cents') }} as line_cents,
        {{ total('quantity * unit_price_cents - discount_cents') }} as computed_cents
    from items
    group by order_id
),

unbalanced as (
    select
        orders.order_id,
        orders.subtotal_cents,
        orders.shipping_cents,
        orders.coupon_cents,
        orders.total_cents,
        items_summed.line_cents,
        items_summed.computed_cents
    from orders
    left join items_summed on orders.order_id = items_summed.order_id
    where orders.subtotal_cents + orders.shipping_cents - orders.coupon_cents <> orders.total_cents
        or orders.subtotal_cents <> coalesce(items_summed.line_cents, -1)
        or orders.subtotal_cents <> coalesce(items_summed.computed_cents, -1)
)

select * from unbalanced
