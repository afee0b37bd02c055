//! Options for writing files.

/// Whether an existing file may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// An existing file is left alone; writing fails with [`crate::RecordError::Exists`].
    #[default]
    Never,
    /// The new file replaces the old one atomically.
    Replace,
}

/// Who may read a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everyone that the process's umask allows.
    Shared,
    /// Only its owner (mode 0600).
    Owner,
}
