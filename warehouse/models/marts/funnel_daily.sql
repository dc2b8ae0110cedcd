with

sessions as (select * from {{ ref('fct_sessions') }}),

counted as (
    select
        session_date,
        count(*) as sessions,
        count(case when has_product_view then 1 end) as product_view_sessions,
        count(case when has_cart then 1 end) as cart_sessions,
        count(case when has_checkout then 1 end) as checkout_sessions,
        count(case when has_order then 1 end) as order_sessions
    from sessions
    group by session_date
)

select * from counted
