//! How a verb ends, and the exit status of that.

/// Exit status of everything that could not be done.
pub(crate) const EXIT_FAILED: u8 = 2;

/// How a verb ended that did not fail outright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what was asked.
    Done,
    /// It verified, and found something wrong.
    Wrong,
    /// It did part of what was asked; what failed was printed.
    Failed,
}

impl Outcome {
    /// The exit status.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Wrong => 1,
            Self::Failed => EXIT_FAILED,
        }
    }
}
