//! Who may read a file that is written, and whether it may replace another.

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// What is there stays; writing fails with [`crate::RecordError::Exists`].
    #[default]
    Never,
    /// The new file takes the old one's place in one step.
    Replace,
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// What the process' mask leaves.
    Shared,
    /// Its owner alone (mode 0600).
    Owner,
}
