with

payments as (select * from {{ ref('stg_payments') }}),

summed as (
    select
        order_id,
        {{ total('amount_cents') }} as paid_cents
    from payments
    where is_captured
    group by order_id
)

select * from summed
