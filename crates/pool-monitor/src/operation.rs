/// What a person may ask of a running pool. Ending it is not among them: that is its application's to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Hold back grants and connects until [`Operation::Resume`]; leases that are out go on.
    Suspend,
    /// End [`Operation::Suspend`].
    Resume,
    /// Replace every connection: idle ones now, leased ones at their return.
    Invalidate,
    /// Keep and allow so many connections from now on.
    Resize {
        /// The fewest that are kept open.
        min: u32,
        /// The most at once.
        max: u32,
    },
}
