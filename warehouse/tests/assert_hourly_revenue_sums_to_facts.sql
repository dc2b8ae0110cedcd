-- Fails for each measure of revenue_hourly whose sum is not that of the facts, to the cent.
with

orders as (select * from {{ ref('fct_orders') }}),

payments as (select * from {{ ref('fct_payments') }}),

returns as (select * from {{ ref('fct_returns') }}),

hourly as (select * from {{ ref('revenue_hourly') }}),

sums as (
    select
        'revenue_cents' as measure,
        (select {{ total('revenue_cents') }} from hourly) as hourly_cents,
        (select {{ total('total_cents') }} from orders) as fact_cents
    union all
    select
        'cancelled_cents',
        (select {{ total('cancelled_cents') }} from hourly),
        (select {{ total('total_cents') }} from orders where is_cancelled)
    union all
    select
        'paid_cents',
        (select {{ total('paid_cents') }} from hourly),
        (select {{ total('amount_cents') }} from payments where is_captured)
    union all
    select
        'refunded_cents',
        (select {{ total('refunded_cents') }} from hourly),
        (select {{ total('refund_cents') }} from returns)
),

unequal as (
    select * from sums where hourly_cents <> fact_cents
)

select * from unequal
