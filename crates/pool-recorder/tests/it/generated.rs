#[test]
fn a_broken_connection_is_closed() {
    #[allow(unused_imports)]
    use std::time::Duration;

    #[allow(unused_imports)]
    use pool_recorder::pool_core::*;
    use pool_recorder::Recording;

    #[allow(unused_macros)]
    macro_rules! id {
        ($kind:ident, $slot:expr, $version:expr) => {
            $kind::of($slot, std::num::NonZeroU32::new($version).unwrap())
        };
    }

    let config = Config { min_connections: 0, ..Config::default() };
    let first = Image::of(&Pool::new(config, Time::ZERO).unwrap());
    let recording = Recording::of_calls(
        first,
        [
            (Time::from_millis(1317), Call::Acquire(Request::default())),
            (Time::from_millis(1349), Call::Handle(Event::Connected { conn: id!(ConnId, 0, 1), leases_max: 1 })),
            (Time::from_millis(1932), Call::Claim(id!(TicketId, 0, 1))),
            (Time::from_millis(1932), Call::Release(id!(LeaseId, 0, 1), Outcome::Failed { class: FaultClass::Connection, reuse: Reuse::Discard })),
        ],
    );
    let decided = [
        "t=1.317s Acquire(Request { priority: Normal, patience: Configured, place: Back, proven_since: None }): ticket #0v1; Connect { conn: #0v1, endpoint: #0v1, attempt: 0 }",
        "t=1.349s Handle(Connected { conn: #0v1, leases_max: 1 }): Accepted; Wake { ticket: #0v1 }",
        "t=1.932s Claim(#0v1): lease #0v1 on connection #0v1",
        "t=1.932s Release(#0v1, Failed { class: Connection, reuse: Discard }): Accepted; Close { conn: #0v1, reason: Broken }",
    ];
    assert_eq!(recording.decisions(), decided);
}
