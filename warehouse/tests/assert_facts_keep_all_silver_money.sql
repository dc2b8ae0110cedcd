-- Fails for each kind of money that a fact lost or doubled on its way from silver: a join must not change a sum.
-- An order that was submitted twice owes its total once.
with

placed as (
    select
        order_id,
        max(total_cents) as total_cents
    from {{ ref('stg_orders') }}
    where event_type = 'order_placed'
    group by order_id
),

captured as (select * from {{ ref('stg_payments') }} where is_captured),

refunded as (select * from {{ ref('stg_returns') }} where event_type = 'refund_issued'),

sums as (
    select
        'orders' as measure,
        (select {{ total('total_cents') }} from placed) as silver_cents,
        (select {{ total('total_cents') }} from {{ ref('fct_orders') }}) as fact_cents
    union all
    select
        'captured',
        (select {{ total('amount_cents') }} from captured),
        (select {{ total('amount_cents') }} from {{ ref('fct_payments') }} where is_captured)
    union all
    select
        'refunded',
        (select {{ total('refund_cents') }} from refunded),
        (select {{ total('refund_cents') }} from {{ ref('fct_returns') }})
),

unequal as (
    select * from sums where silver_cents <> fact_cents
)

select * from unequal
