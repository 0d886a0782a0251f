//! An in-process PostgREST look-alike with fault injection.
