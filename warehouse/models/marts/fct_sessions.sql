with

sessions as (select * from {{ ref('int_clickstream_pivoted_to_sessions') }}),

orders as (select * from {{ ref('int_orders_placed') }}),

ordering_sessions as (
    select distinct session_id from orders
),

flagged as (
    select
        sessions.*,
        ordering_sessions.session_id is not null as has_order
    from sessions
    left join ordering_sessions on sessions.session_id = ordering_sessions.session_id
),

-- Whoever reached a step passed the steps before, even where the event that says so is in quarantine.
final as (
    select
        session_id,
        customer_id,
        started_at,
        ended_at,
        {{ day_of('started_at') }} as session_date,
        device,
        channel,
        campaign,
        country,
        page_count,
        product_view_count,
        -- Nobody looks at ten pages at one a second.
        event_count >= 10 and ended_at <= started_at + event_count * interval '1 second' as is_bot,
        event_count = 1 and not has_order as is_bounce,
        has_order or checkout_count + cart_addition_count + product_view_count > 0 as has_product_view,
        has_order or checkout_count + cart_addition_count > 0 as has_cart,
        has_order or checkout_count > 0 as has_checkout,
        has_order
    from flagged
)

select * from final
