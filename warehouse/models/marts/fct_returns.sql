with

returns as (select * from {{ ref('int_returns_pivoted_to_returns') }}),

final as (
    select
        return_id,
        order_id,
        line_number,
        product_id,
        requested_at,
        refunded_at,
        quantity,
        refund_cents,
        return_reason
    from returns
)

select * from final
