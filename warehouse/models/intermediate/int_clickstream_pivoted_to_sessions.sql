with

clicks as (select * from {{ ref('stg_clickstream') }}),

ranked as (
    select
        *,
        row_number() over (partition by session_id order by sequence_number, event_id) as position_in_session
    from clicks
),

pivoted as (
    select
        session_id,
        -- A visitor may sign in half-way; a session belongs to one customer.
        max(customer_id) as customer_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(case when position_in_session = 1 then device end) as device,
        max(case when position_in_session = 1 then channel end) as channel,
        max(case when position_in_session = 1 then country end) as country,
        count(*) as event_count,
        count(case when event_type not in ('cart_item_added', 'cart_item_removed') then 1 end) as page_count,
        count(case when event_type = 'product_viewed' then 1 end) as product_view_count,
        count(case when event_type = 'cart_item_added' then 1 end) as cart_addition_count,
        count(case when event_type = 'checkout_started' then 1 end) as checkout_count
    from ranked
    group by session_id
)

select * from pivoted
