-- The first rows.
insert into blogs (title, slug, content, author, tags, published, published_at) values
  ('Why a pool of ten is enough', 'pool-of-ten', 'The database does the work; more connections only queue inside it.', 'Ada Winter', '{postgres,pooling}', true, '2025-01-06 08:00+00'),
  ('Row level security by example', 'rls-by-example', 'Policies are where clauses that nobody can forget.', 'Bruno Keller', '{postgres,security}', true, '2025-01-20 08:00+00'),
  ('Reading a query plan', 'reading-a-query-plan', 'Start at the innermost node and compare estimates with rows.', 'Chidi Okafor', '{postgres,performance}', true, '2025-02-03 08:00+00'),
  ('Timeouts, from the outside in', 'timeouts-outside-in', 'One deadline for the whole request, handed down.', 'Ada Winter', '{http,reliability}', true, '2025-02-17 08:00+00'),
  ('Retry, but not that', 'retry-but-not-that', 'A write that timed out may have happened.', 'Dana Ruiz', '{http,reliability}', true, '2025-03-03 08:00+00'),
  ('Cursors or pages?', 'cursors-or-pages', 'Offsets drift when rows arrive; keys do not.', 'Elif Demir', '{api,pagination}', true, '2025-03-17 08:00+00'),
  ('Indexes you do not need', 'indexes-you-do-not-need', 'Every index is paid for at every write.', 'Chidi Okafor', '{postgres,performance}', true, '2025-04-07 08:00+00'),
  ('Quotes, "commas", and (brackets)', 'quotes-commas-brackets', 'Escaping is part of the protocol: a\b, c"d, e,f.', 'Finn O''Brien', '{api,"odd, tag"}', true, '2025-04-21 08:00+00'),
  ('Größe, naïveté, 漢字', 'unicode-title', 'Text is more than ASCII. 🦀', 'Grüß Gott', '{unicode}', true, '2025-05-05 08:00+00'),
  ('Observability without noise', 'observability-without-noise', 'Four numbers tell whether a pool is well.', 'Dana Ruiz', '{operations}', true, '2025-05-19 08:00+00'),
  ('A draft about sharding', 'draft-sharding', 'Not yet.', 'Bruno Keller', '{postgres}', false, null),
  ('A draft about queues', 'draft-queues', 'Nor this.', 'Elif Demir', '{}', false, null);

insert into courses (title, slug, description, level, price, published, created_at) values
  ('SQL from zero', 'sql-from-zero', 'Tables, rows, joins.', 'beginner', 0, true, '2025-01-02 09:00+00'),
  ('PostgreSQL in production', 'postgresql-in-production', 'Backups, upgrades, replicas.', 'advanced', 149.00, true, '2025-01-09 09:00+00'),
  ('Rust for backend people', 'rust-for-backend', 'Ownership to services in ten lessons.', 'intermediate', 99.50, true, '2025-01-16 09:00+00'),
  ('Async Rust', 'async-rust', 'Futures, wakers, cancellation.', 'advanced', 129.00, true, '2025-01-23 09:00+00'),
  ('HTTP in depth', 'http-in-depth', 'Methods, caching, connections.', 'intermediate', 59.90, true, '2025-01-30 09:00+00'),
  ('API design', 'api-design', 'Names, errors, versions.', 'beginner', 39.00, true, '2025-02-06 09:00+00'),
  ('Testing distributed systems', 'testing-distributed-systems', 'Faults on purpose.', 'advanced', 159.00, true, '2025-02-13 09:00+00'),
  ('Security for developers', 'security-for-developers', 'Roles, policies, tokens.', 'intermediate', 79.00, true, '2025-02-20 09:00+00'),
  ('Data modelling', 'data-modelling', 'Keys, normal forms, history.', 'beginner', 49.00, true, '2025-02-27 09:00+00'),
  ('Performance by measuring', 'performance-by-measuring', 'Plans, profiles, percentiles.', 'advanced', 119.00, true, '2025-03-06 09:00+00'),
  ('Shell and tools', 'shell-and-tools', 'Small programs, joined.', 'beginner', 0, true, '2025-03-13 09:00+00'),
  ('Operating pools', 'operating-pools', 'In preparation.', 'intermediate', 89.00, false, '2025-03-20 09:00+00');

insert into blog_views (blog_id, viewer, request_key, viewed_at)
select 1 + n % 5, 'reader-' || n % 4, 'seed-' || n, now() - make_interval(hours => n)
from generate_series(1, 12) as n;

update blogs set views = (select count(*) from blog_views where blog_id = blogs.id);
