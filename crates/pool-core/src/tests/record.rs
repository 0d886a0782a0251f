//! A call and its record are the same thing.

use core::num::NonZeroU32;
use core::time::Duration;

use crate::{
    Call, ConnId, EndpointId, EndpointSpec, Event, Failure, FaultClass, LeaseId, Outcome, Patience, Place,
    Priority, Record, Request, Reuse, Safety, Sent, TicketId, Time,
};

const AT: Time = Time::from_nanos(0x0102_0304_0506_0708);
const LATER: Time = Time::from_nanos(0x1112_1314_1516_1718);
const FOR: Duration = Duration::from_nanos(0x2122_2324_2526_2728);

const fn version(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(version) => version,
        None => NonZeroU32::MIN,
    }
}

const CONN: ConnId = ConnId::of(0xA1A2_A3A4, version(0xB1B2_B3B4));
const LEASE: LeaseId = LeaseId::of(5, version(6));
const TICKET: TicketId = TicketId::of(7, version(8));
const ENDPOINT: EndpointId = EndpointId::of(9, version(10));

fn calls() -> impl Iterator<Item = Call> {
    let request = |priority, patience, place, proven_since| {
        Call::Acquire(Request { priority, patience, place, proven_since })
    };
    let failure = |class, sent, safety, after| {
        Call::Retry(Failure { attempt: 77, class, sent, safety, after, deadline: LATER })
    };
    let ended = |class, reuse| Call::Release(LEASE, Outcome::Failed { class, reuse });
    let reports = [
        Event::Connected { conn: CONN, leases_max: 100 },
        Event::ConnectFailed { conn: CONN, class: FaultClass::Endpoint },
        Event::Probed { conn: CONN },
        Event::ProbeFailed { conn: CONN, class: FaultClass::Saturation, reuse: Reuse::Discard },
        Event::Closed { conn: CONN },
        Event::Lost { conn: CONN },
        Event::Retiring { conn: CONN },
        Event::Progress { conn: CONN },
        Event::LeaseLimit { conn: CONN, leases_max: 3 },
        Event::KeepAlive { conn: CONN, timeout: FOR },
    ];
    let calls = [
        request(Priority::High, Patience::Configured, Place::Back, None),
        request(Priority::Normal, Patience::Until(LATER), Place::Front, Some(AT)),
        request(Priority::Low, Patience::None, Place::Back, Some(Time::ZERO)),
        Call::Claim(TICKET),
        Call::Cancel(TICKET),
        Call::Release(LEASE, Outcome::Success),
        Call::Release(LEASE, Outcome::Returned),
        ended(FaultClass::Application, Reuse::Keep),
        ended(FaultClass::Caller, Reuse::Discard),
        Call::Reject(LEASE),
        Call::Detach(LEASE),
        Call::Advance,
        Call::Resize(3, 4),
        Call::Suspend,
        Call::Resume,
        Call::Invalidate,
        Call::AddEndpoint(EndpointSpec { priority: 200, weight: 60_000 }),
        Call::DrainEndpoint(ENDPOINT),
        Call::Drain,
        Call::Shutdown(FOR),
        failure(FaultClass::Endpoint, Sent::No, Safety::Idempotent, None),
        failure(FaultClass::Saturation, Sent::Maybe, Safety::Unsafe, Some(FOR)),
        failure(FaultClass::Caller, Sent::Maybe, Safety::Safe, Some(Duration::ZERO)),
    ];
    calls.into_iter().chain(reports.map(Call::Handle))
}

#[test]
fn a_call_comes_back_from_its_record_and_the_record_from_its_bytes() {
    for call in calls() {
        let record = Record::of(AT, call);
        assert_eq!((record.at(), record.call()), (AT, Some(call)));
        assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
    }
}

#[test]
fn the_bytes_are_those_of_the_table() {
    let request = Request {
        priority: Priority::Low,
        patience: Patience::Until(LATER),
        place: Place::Front,
        proven_since: Some(AT),
    };
    let at = [8, 7, 6, 5, 4, 3, 2, 1];
    let later = [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11];
    let bytes = Record::of(AT, Call::Acquire(request)).to_bytes();
    assert_eq!((&bytes[..8], &bytes[8..16], &bytes[16..24]), (&at[..], &later[..], &at[..]));
    assert_eq!(bytes[24..], [0, 0, 0, 0, 1, 2, 1, 1 + 4]);
    let bytes =
        Record::of(Time::ZERO, Call::Handle(Event::LeaseLimit { conn: CONN, leases_max: 3 })).to_bytes();
    assert_eq!(bytes[8..16], [0xA4, 0xA3, 0xA2, 0xA1, 0xB4, 0xB3, 0xB2, 0xB1]);
    assert_eq!(bytes[24..], [3, 0, 0, 0, 15, 0, 0, 0]);
}

#[test]
fn what_a_call_does_not_use_must_be_zero() {
    for call in calls() {
        let bytes = Record::of(AT, call).to_bytes();
        for at in 0..bytes.len() {
            let mut other = bytes;
            other[at] = other[at].wrapping_add(1);
            // Either it is no call, or another one.
            if let Some(record) = Record::from_bytes(&other) {
                assert!((record.at(), record.call()) != (AT, Some(call)), "byte {at} of {call:?}");
            }
        }
    }
    for tag in [0, 27, 255] {
        let mut bytes = [0; Record::SIZE];
        bytes[28] = tag;
        assert_eq!(Record::from_bytes(&bytes), None);
    }
}
