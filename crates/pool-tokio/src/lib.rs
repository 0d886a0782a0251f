//! The Supabase pool on tokio and reqwest.
