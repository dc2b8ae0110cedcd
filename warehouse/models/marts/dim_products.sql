with

products as (select * from {{ ref('int_products_latest') }}),

items as (select * from {{ ref('int_orders_exploded_to_items') }}),

returns as (select * from {{ ref('int_returns_pivoted_to_returns') }}),

reviews as (select * from {{ ref('stg_reviews') }}),

mentioned as (
    select product_id from products
    union
    select product_id from items
    union
    select product_id from returns
    union
    select product_id from reviews
),

joined as (
    select
        mentioned.product_id,
        products.product_name,
        coalesce(products.category, 'unknown') as category,
        products.subcategory,
        products.brand,
        products.product_group_id,
        products.color,
        products.size,
        products.price_cents,
        products.launched_at,
        products.discontinued_at,
        products.product_id is null as is_inferred
    from mentioned
    left join products on mentioned.product_id = products.product_id
)

select * from joined
