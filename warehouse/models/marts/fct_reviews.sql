with

reviews as (select * from {{ ref('stg_reviews') }}),

final as (
    select
        review_id,
        order_id,
        product_id,
        customer_id,
        occurred_at as reviewed_at,
        rating,
        title
    from reviews
)

select * from final
