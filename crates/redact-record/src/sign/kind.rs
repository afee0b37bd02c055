//! Kinds of signatures and purposes of keys.

/// The kind of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The public manifest of a release.
    PublicManifest,
    /// The sealed manifest of a release.
    SealedManifest,
    /// A statement that one release key follows another.
    KeyRotation,
    /// A record that binds an approver's key to a name.
    ApproverKey,
    /// An approval of a plan.
    Approval,
    /// A segment: for a later render of the same user, or for another user's render that trusts
    /// the key as a worker's.
    CachedSegment,
    /// The manifest of a transmittal package.
    Package,
    /// Entries of the event log as a PDF.
    EventLog,
    /// The record that a recording was disposed of.
    Disposal,
}

impl Signed {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PublicManifest => "public-manifest",
            Self::SealedManifest => "sealed-manifest",
            Self::KeyRotation => "key-rotation",
            Self::ApproverKey => "approver-key",
            Self::Approval => "approval",
            Self::CachedSegment => "kept-run",
            Self::Package => "package",
            Self::EventLog => "event-log",
            Self::Disposal => "disposal",
        }
    }
}

/// The purpose of a key. It vouches for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The agency's key for releases. If no rotation key is trusted it also vouches for keys, as in
    /// versions before rotation keys.
    Release,
    /// The agency's key for vouching for other keys, stored separately from the release key: which
    /// release key follows another, and whose an approver's key is.
    Rotation,
    /// A person's key for approvals.
    Approver,
    /// A user's key on one machine for the segments that it encodes.
    Segment,
}

impl Purpose {
    /// `a release`, `a rotation`, `an approver's` or `a segment`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Release => "a release",
            Self::Rotation => "a rotation",
            Self::Approver => "an approver's",
            Self::Segment => "a segment",
        }
    }
}

impl Signed {
    /// The purpose that a key needs to sign this.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::PublicManifest
            | Self::SealedManifest
            | Self::Package
            | Self::EventLog
            | Self::Disposal => Purpose::Release,
            Self::KeyRotation | Self::ApproverKey => Purpose::Rotation,
            Self::Approval => Purpose::Approver,
            Self::CachedSegment => Purpose::Segment,
        }
    }
}

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
