//! The budget of retries and their waits (I40).

use core::time::Duration;

use crate::retry::{Budget, decide};
use crate::rng::Rng;
use crate::{Failure, FaultClass, Retry, RetryBudget, RetryPolicy, Safety, Sent, StopReason, Time};

fn failure(class: FaultClass, attempt: u32) -> Failure {
    let (sent, safety) = (Sent::Maybe, Safety::Safe);
    Failure { attempt, class, sent, safety, after: None, deadline: Time::MAX }
}

struct Retries {
    budget: Budget,
    rng: Rng,
    now: Time,
    class: FaultClass,
}

impl Retries {
    fn new(class: FaultClass) -> Retries {
        Retries { budget: Budget::new(Time::ZERO), rng: Rng::new(3), now: Time::ZERO, class }
    }

    fn ask(&mut self) -> Retry {
        let failure = failure(self.class, 1);
        decide(&RetryPolicy::default(), &mut self.budget, &mut self.rng, self.now, &failure)
    }

    /// How many are allowed in a row, when each leaves `successes` behind.
    fn allowed(&mut self, successes: u32) -> u32 {
        let mut count = 0;
        while let Retry::After(_) = self.ask() {
            count += 1;
            (0..successes).for_each(|_| self.budget.succeeded());
            assert!(count < 10_000, "there is no end");
        }
        assert_eq!(self.ask(), Retry::Stop(StopReason::Budget));
        count
    }
}

#[test]
fn a_full_bucket_is_500_tokens_14_a_retry_and_5_for_one_that_was_throttled() {
    assert_eq!(Retries::new(FaultClass::Endpoint).allowed(0), 35);
    assert_eq!(Retries::new(FaultClass::Saturation).allowed(0), 100);
}

#[test]
fn a_success_gives_one_token_back_and_a_full_bucket_takes_none() {
    let mut retries = Retries::new(FaultClass::Endpoint);
    (0..1_000).for_each(|_| retries.budget.succeeded());
    assert_eq!(retries.allowed(0), 35);
    // Ten are left of 500; a retry costs fourteen.
    (0..3).for_each(|_| retries.budget.succeeded());
    assert_eq!(retries.allowed(0), 0);
    retries.budget.succeeded();
    assert_eq!(retries.allowed(0), 1);
}

#[test]
fn in_ten_seconds_a_fifth_of_the_requests_and_a_hundred_more_may_be_retried() {
    assert_eq!(Retries::new(FaultClass::Endpoint).allowed(14), 100);
    let mut busy = Retries::new(FaultClass::Endpoint);
    (0..53).for_each(|_| busy.budget.requested(Time::ZERO));
    assert_eq!(busy.allowed(14), 110);
    busy.now = Time::from_millis(20_000);
    assert_eq!(busy.allowed(14), 100, "what is long ago counts no more");
}

#[test]
fn a_wait_is_drawn_up_to_a_bound_that_doubles_up_to_its_limit() {
    let policy = RetryPolicy { attempts: 100, budget: RetryBudget::Unlimited, ..RetryPolicy::default() };
    let mut rng = Rng::new(1);
    let longest = |rng: &mut Rng, attempt: u32| {
        let failure = failure(FaultClass::Endpoint, attempt);
        let draw = |_| match decide(&policy, &mut Budget::new(Time::ZERO), rng, Time::ZERO, &failure) {
            Retry::After(wait) => wait,
            Retry::Stop(reason) => panic!("{reason:?}"),
        };
        (0..500).map(draw).max().unwrap()
    };
    for (attempt, bound) in [(1, 1_000), (2, 2_000), (3, 4_000), (5, 10_000), (90, 10_000)] {
        let (bound, longest) = (Duration::from_millis(bound), longest(&mut rng, attempt));
        assert!(longest <= bound && longest > bound * 9 / 10, "attempt {attempt}: {longest:?} of {bound:?}");
    }
}

#[test]
fn only_the_first_retry_after_a_fault_of_the_connection_is_at_once() {
    let policy = RetryPolicy::default();
    let waits = |class, sent, attempt| {
        let mut rng = Rng::new(9);
        let failure = Failure { sent, ..failure(class, attempt) };
        let draw = |_| match decide(&policy, &mut Budget::new(Time::ZERO), &mut rng, Time::ZERO, &failure) {
            Retry::After(wait) => wait,
            Retry::Stop(reason) => panic!("{reason:?}"),
        };
        (0..20).map(draw).any(|wait| !wait.is_zero())
    };
    assert!(!waits(FaultClass::Connection, Sent::No, 1));
    assert!(!waits(FaultClass::Connection, Sent::Maybe, 1));
    assert!(waits(FaultClass::Connection, Sent::No, 2));
    assert!(waits(FaultClass::Connection, Sent::Maybe, 2));
    assert!(waits(FaultClass::Endpoint, Sent::No, 1));
}
