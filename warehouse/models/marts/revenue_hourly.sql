with

orders as (select * from {{ ref('fct_orders') }}),

payments as (select * from {{ ref('fct_payments') }}),

returns as (select * from {{ ref('fct_returns') }}),

movements as (
    select
        {{ hour_of('ordered_at') }} as revenue_hour,
        1 as placed_orders,
        unit_count as ordered_units,
        total_cents as ordered_cents,
        case when is_cancelled then total_cents else 0 end as cancelled_cents,
        0 as paid_cents,
        0 as refunded_cents
    from orders
    union all
    select {{ hour_of('attempted_at') }}, 0, 0, 0, 0, amount_cents, 0
    from payments
    where is_captured
    union all
    select {{ hour_of('refunded_at') }}, 0, 0, 0, 0, 0, refund_cents
    from returns
    where refunded_at is not null
),

summed as (
    select
        revenue_hour,
        {{ total('placed_orders') }} as order_count,
        {{ total('ordered_units') }} as unit_count,
        {{ total('ordered_cents') }} as revenue_cents,
        {{ total('cancelled_cents') }} as cancelled_cents,
        {{ total('paid_cents') }} as paid_cents,
        {{ total('refunded_cents') }} as refunded_cents
    from movements
    group by revenue_hour
)

select * from summed
