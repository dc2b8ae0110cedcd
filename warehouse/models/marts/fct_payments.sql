with

payments as (select * from {{ ref('stg_payments') }}),

final as (
    select
        payment_id,
        order_id,
        occurred_at as attempted_at,
        method,
        attempt,
        is_captured,
        amount_cents,
        decline_reason
    from payments
)

select * from final
