//! Supabase over a pool: configuration, keys, the PostgREST query builder, error classes, the service layer.
