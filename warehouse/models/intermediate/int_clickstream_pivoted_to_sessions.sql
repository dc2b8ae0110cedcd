with

clicks as (select * from {{ ref('stg_clickstream') }}),

named as (
    select
        session_id,
        customer_id,
        -- A slip names somebody else in one action; most actions name who it was.
        row_number() over (partition by session_id order by count(*) desc, customer_id) as rank_in_session
    from clicks
    where customer_id is not null
    group by session_id, customer_id
),

visitors as (select * from named where rank_in_session = 1),

ranked as (
    select
        *,
        row_number() over (partition by session_id order by sequence_number, event_id) as position_in_session
    from clicks
),

pivoted as (
    select
        ranked.session_id,
        -- A visitor may sign in half-way; a session belongs to one customer.
        max(visitors.customer_id) as customer_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(case when position_in_session = 1 then device end) as device,
        max(case when position_in_session = 1 then channel end) as channel,
        max(case when position_in_session = 1 then country end) as country,
        max(case when position_in_session = 1 then campaign end) as campaign,
        count(*) as event_count,
        count(case when event_type not in ('cart_item_added', 'cart_item_removed') then 1 end) as page_count,
        count(case when event_type = 'product_viewed' then 1 end) as product_view_count,
        count(case when event_type = 'cart_item_added' then 1 end) as cart_addition_count,
        count(case when event_type = 'checkout_started' then 1 end) as checkout_count
    from ranked
    left join visitors on ranked.session_id = visitors.session_id
    group by ranked.session_id
)

select * from pivoted
