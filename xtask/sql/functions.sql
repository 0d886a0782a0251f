-- The functions that are called through `rpc`.

-- The whole way to the database and back, and nothing else: for probes.
create function ping() returns int
language sql stable
as $$ select 1 $$;

-- Records a view and gives back the blog's count. A request key that was seen before changes nothing,
-- so a caller may safely repeat a call that carries one.
create function record_blog_view(blog_id bigint, viewer text, request_key text default null) returns int
language sql volatile security definer
set search_path = public, pg_temp
as $$
  with recorded as (
    insert into blog_views (blog_id, viewer, request_key)
    values (record_blog_view.blog_id, record_blog_view.viewer, record_blog_view.request_key)
    on conflict (request_key) do nothing
    returning 1
  )
  update blogs
  set views = views + (select count(*) from recorded)::int
  where id = record_blog_view.blog_id
  returning views
$$;

-- Views of the published blogs over the last days, the most viewed first.
create function blog_analytics(days int) returns table (slug text, title text, views bigint, unique_viewers bigint)
language sql stable security definer
set search_path = public, pg_temp
as $$
  select b.slug, b.title, count(v.id), count(distinct v.viewer)
  from blogs b
  left join blog_views v on v.blog_id = b.id and v.viewed_at > now() - make_interval(days => blog_analytics.days)
  where b.published
  group by b.id
  order by count(v.id) desc, b.slug
$$;

-- Takes its time, then says how long: for timeouts and overload.
create function slow(ms int) returns int
language sql stable
as $$ select slow.ms from (select pg_sleep(slow.ms / 1000.0)) as slept $$;

revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to anon, authenticated, service_role;
