with

orders as (select * from {{ ref('int_orders_placed') }}),

items as (
    select
        orders.order_id,
        line.line_number,
        line.product_id,
        orders.ordered_at,
        line.quantity,
        line.unit_price_cents,
        line.discount_cents,
        line.line_total_cents
    from {{ exploded('orders', 'lines', 'line') }}
)

select * from items
