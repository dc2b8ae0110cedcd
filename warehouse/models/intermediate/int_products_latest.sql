with

products as (select * from {{ ref('stg_products') }}),

ranked as (
    select
        *,
        -- Late events arrive after newer ones, so the event's own time decides; event_id settles a tie.
        row_number() over (partition by product_id order by occurred_at desc, event_id desc) as recency,
        max(case when event_type = 'product_discontinued' then occurred_at end)
            over (partition by product_id) as discontinued_at
    from products
),

latest as (
    select
        product_id,
        product_name,
        category,
        subcategory,
        brand,
        product_group_id,
        color,
        size,
        price_cents,
        launched_at,
        discontinued_at
    from ranked
    where recency = 1
)

select * from latest
