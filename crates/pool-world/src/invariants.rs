//! What must hold, by number. The numbers are names: assertions, tests and commits cite them, and `docs/invariants.md` is made from
//! this table and from the assertions that the sources have (`tests/it/invariants.rs`).

/// What must hold.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// Its number: `I17b`.
    pub number: &'static str,
    /// What holds.
    pub says: &'static str,
}

const fn holds(number: &'static str, says: &'static str) -> Invariant {
    Invariant { number, says }
}

/// All of them, by the question that they answer.
pub const INVARIANTS: [(&str, &[Invariant]); 6] = [
    ("Safety", &SAFETY),
    ("Fairness", &FAIRNESS),
    ("Liveness", &LIVENESS),
    ("Time and policy", &POLICY),
    ("Determinism and cost", &COST),
    ("Mechanisms", &MECHANISMS),
];

/// Numbers that are taken, and what they wait for.
pub const NOT_YET: [(Invariant, &str); 2] = [
    (
        holds("I29", "P2C never picks the more loaded of its two; every dialable endpoint is reachable"),
        "a choice between two endpoints by load: now the one with the fewest connections for its weight is dialled",
    ),
    (
        holds("I38", "ejected endpoints are no more than the limit, and never all"),
        "the ejection of outliers: now an unhealthy endpoint is dialled last",
    ),
];

const SAFETY: [Invariant; 12] = [
    holds("I1", "no more connections than the maximum; after it was lowered, no more than there were"),
    holds("I2", "a connection carries no more leases than its limit; no lease is given out twice"),
    holds("I3", "counters and lists are what a recount finds"),
    holds("I4", "the load of an endpoint is what a recount finds"),
    holds("I5", "lives, healths and marks change as their tables allow"),
    holds("I6", "each ticket ends once: claimed, failed or cancelled, and for the reason that it is told"),
    holds("I7", "each ticket is woken at most once, and before it is claimed"),
    holds("I8", "a granted lease and its ticket name each other"),
    holds("I9", "nothing is asked of a connection that is gone or closing; no close, no probe twice"),
    holds("I10", "nothing is closed under a grant, nor, unless it was found dead, under a lease"),
    holds("I11", "no name is given out twice; a report that comes too late is stale and changes nothing"),
    holds("I12", "the queue is bounded, and so are the actions that one call leads to"),
];

const FAIRNESS: [Invariant; 4] = [
    holds("I13", "in a class, whoever waits longest is served first, and a better class before a worse one"),
    holds("I14", "nobody is served at once while somebody waits"),
    holds(
        "I14b",
        "and everybody is, when nobody waits and a connection is free: the policy's choice of them",
    ),
    holds("I15", "whoever comes and goes delays nobody and changes no order"),
];

const LIVENESS: [Invariant; 9] = [
    holds("I16", "at rest, nobody waits beside a connection that they may have"),
    holds("I17", "as many are being dialled as are waited for, unless that is not possible"),
    holds("I17b", "and no more than that"),
    holds("I18", "while somebody waits, something is under way or a timer is armed"),
    holds("I19", "nobody waits past their deadline"),
    holds("I20", "the pool asks to be woken only for the future"),
    holds("I21", "and never for later than the next deadline"),
    holds("I22", "when the faults end, everybody who waits is served"),
    holds("I23", "an empty pool that nobody waits for has no timer"),
];

const POLICY: [Invariant; 6] = [
    holds("I24", "a clock that goes back changes nothing, and neither does looking again"),
    holds("I25", "every timeout comes at its instant, and every close for its reason"),
    holds("I26", "the minimum is restored wherever that is possible"),
    holds(
        "I27",
        "nothing is dialled before its retry is due, nor past its gate, nor where a better endpoint is",
    ),
    holds("I28", "a backoff stays within its bounds, however often connects have failed"),
    holds("I30", "a pool that ends dials nothing, tells everybody, and is empty in the end"),
];

const COST: [Invariant; 8] = [
    holds("I31", "the same calls lead to the same actions"),
    holds("I32", "it does not matter how often actions are taken"),
    holds("I33", "it does not matter when the clock began"),
    holds("I34", "nothing is allocated after warm-up"),
    holds("I35", "actions and names are small"),
    holds("I36", "the pool does what the naive pool does"),
    holds("I47", "a short way leaves the state that the long one would have left, to the last bit"),
    holds("I48", "watchers are told each change that they are promised to hear of, once, and nothing else"),
];

const MECHANISMS: [Invariant; 10] = [
    holds(
        "I37",
        "no grant of a connection that is marked, unhealthy, stale, old or held back, or whose endpoint is drained",
    ),
    holds("I39", "on probation there is one lease at a time"),
    holds("I40", "retries stay within the budget, in every window"),
    holds("I41", "a connection is replaced before it is taken away, where there is room"),
    holds("I42", "the pool shrinks to what its load needs"),
    holds("I43", "two retirements are never closer than a lifetime divided by the maximum"),
    holds("I44", "when the faults end, everything becomes healthy and small again"),
    holds("I45", "a pool that was written and read again has the same future"),
    holds("I46", "the statistics are what was seen from outside"),
    holds(
        "I49",
        "a connection in use whose probe failed for good is closed with its leases, and nothing else ends a lease under its caller",
    ),
];
