//! Which scenario runs on which adapter: all on all. Each is a test of its own, `adapter::theme::scenario`.

/// The list of scenarios; `$run` is given each with its theme.
macro_rules! on {
    ($($module:ident: $adapter:ident;)*) => {$(
        mod $module {
            use pool_suite::adapters::$adapter as Adapter;

            on!(@theme Adapter, spike: a_crowd_shares_a_few_connections,
                a_crowd_larger_than_the_queue_is_refused_in_part);
            on!(@theme Adapter, black_hole: a_request_that_is_never_answered_ends_at_its_limit,
                an_answer_that_comes_too_late_is_nobodys, a_silent_socket_costs_a_try_and_not_the_request);
            on!(@theme Adapter, refused: nobody_listening_is_told_at_once_with_the_reason,
                who_waits_is_served_when_somebody_listens_again);
            on!(@theme Adapter, reset: before_the_head, after_the_head);
        }
    )*};
    (@theme $adapter:ident, $theme:ident: $($scenario:ident),*) => {
        mod $theme {
            $(
                #[test]
                fn $scenario() {
                    pool_suite::Site::<super::$adapter>::start().play(pool_suite::scenario::$theme::$scenario);
                }
            )*
        }
    };
}

on! {
    tokio_direct: TokioDirect;
    tokio_pinned: TokioPinned;
    smol: Smol;
    async_std: AsyncStd;
}
