-- Roles as Supabase has them. They belong to the cluster, so they may be there already.
do $$
begin
  if not exists (select from pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
  end if;
end
$$;

-- The limits of hosted projects; the service role has none.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';

revoke all on schema public from public;
grant usage on schema public to anon, authenticated, service_role;
