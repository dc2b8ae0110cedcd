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
    from {{ exploded('orders', 'lines', 'line', {
        'line_number': 'bigint',
        'product_id': 'text',
        'quantity': 'bigint',
        'unit_price_cents': 'bigint',
        'discount_cents': 'bigint',
        'line_total_cents': 'bigint',
    }) }}
)

select * from items
