with

customers as (select * from {{ ref('int_customers_latest') }}),

orders as (select * from {{ ref('fct_orders') }}),

sessions as (select * from {{ ref('fct_sessions') }}),

reviews as (select * from {{ ref('stg_reviews') }}),

mentioned as (
    select customer_id from customers
    union
    select customer_id from orders where customer_id is not null
    union
    select customer_id from sessions where customer_id is not null
    union
    select customer_id from reviews where customer_id is not null
),

orders_summed as (
    select
        customer_id,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        count(*) as order_count,
        {{ total('case when is_cancelled then 0 else total_cents - refunded_cents end') }} as lifetime_value_cents
    from orders
    where customer_id is not null
    group by customer_id
),

joined as (
    select
        mentioned.customer_id,
        customers.full_name,
        customers.email,
        customers.country,
        customers.city,
        customers.segment,
        customers.has_marketing_consent,
        customers.registered_at,
        orders_summed.first_ordered_at,
        orders_summed.last_ordered_at,
        coalesce(orders_summed.order_count, 0) as order_count,
        coalesce(orders_summed.lifetime_value_cents, 0) as lifetime_value_cents,
        customers.customer_id is null as is_inferred,
        coalesce(customers.is_staff, false) as is_staff,
        coalesce(customers.is_second_account, false) as is_second_account
    from mentioned
    left join customers on mentioned.customer_id = customers.customer_id
    left join orders_summed on mentioned.customer_id = orders_summed.customer_id
)

select * from joined
