//! Which scenario runs on which adapter: all on all. Each is a test of its own, `adapter::theme::scenario`.

/// The tests of one adapter.
macro_rules! on {
    ($module:ident: $adapter:ident) => {
        mod $module {
            use pool_suite::adapters::$adapter as Adapter;

            scenarios! { Adapter;
                spike: a_crowd_shares_a_few_connections, a_crowd_larger_than_the_queue_is_refused_in_part;
                stale: reads_at_exactly_the_servers_timeout_are_all_answered,
                    writes_at_exactly_the_servers_timeout_are_never_executed_twice;
                black_hole: a_request_that_is_never_answered_ends_at_its_limit,
                    an_answer_that_comes_too_late_is_nobodys, a_silent_socket_costs_a_try_and_not_the_request;
                refused: nobody_listening_is_told_at_once_with_the_reason,
                    who_waits_is_served_when_somebody_listens_again;
                reset: before_the_head, after_the_head;
                body: half_a_body_is_a_failure, a_body_that_comes_to_a_halt_ends_at_the_limit,
                    a_slow_drip_arrives_whole_for_who_has_the_time;
                restart: a_server_that_restarts_under_load_costs_nobody_an_answer,
                    a_server_that_restarts_between_requests_costs_nothing;
                storm: a_storm_of_cancelled_callers_leaves_a_pool_that_works;
                shutdown: a_shutdown_under_load_lets_what_was_begun_come_to_its_end,
                    a_shutdown_without_grace_waits_for_nobody;
            }

            mod outside {
                use pool_suite::scenario::outside;

                #[test]
                fn a_lease_and_a_pool_may_be_dropped_outside_of_the_runtime() {
                    let site = pool_suite::Site::<super::Adapter>::start();
                    outside::a_lease_and_a_pool_may_be_dropped_outside_of_the_runtime(site);
                }

                #[test]
                fn a_lease_and_a_pool_may_be_dropped_after_the_runtime_has_ended() {
                    let site = pool_suite::Site::<super::Adapter>::start();
                    outside::a_lease_and_a_pool_may_be_dropped_after_the_runtime_has_ended(site);
                }
            }
        }
    };
}

/// A module per theme, a test per scenario.
macro_rules! scenarios {
    ($adapter:ident; $($theme:ident: $($scenario:ident),*;)*) => {$(
        mod $theme {
            $(
                #[test]
                fn $scenario() {
                    pool_suite::Site::<super::$adapter>::start().play(pool_suite::scenario::$theme::$scenario);
                }
            )*
        }
    )*};
}

on!(tokio_direct: TokioDirect);
on!(tokio_pinned: TokioPinned);
on!(smol: Smol);
on!(async_std: AsyncStd);
on!(threads: Threads);
