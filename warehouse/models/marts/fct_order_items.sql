with

items as (select * from {{ ref('int_orders_exploded_to_items') }}),

products as (select * from {{ ref('int_products_latest') }}),

joined as (
    select
        {{ dbt.concat(["items.order_id", "'-'", "cast(items.line_number as " ~ dbt.type_string() ~ ")"]) }}
            as order_item_id,
        items.order_id,
        items.line_number,
        items.product_id,
        coalesce(products.category, 'unknown') as category,
        items.ordered_at,
        items.quantity,
        items.unit_price_cents,
        items.discount_cents,
        items.line_total_cents
    from items
    left join products on items.product_id = products.product_id
)

select * from joined
