//! What signatures and keys are for.

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The manifest that goes out with a release.
    PublicManifest,
    /// The manifest that stays with the agency.
    SealedManifest,
    /// A statement of the rotation key, or of the old key, that names the next.
    KeyRotation,
    /// The agency's statement that an approver's key belongs to a name.
    ApproverKey,
    /// An approval of a plan.
    Approval,
    /// A cached segment, for a later render on the same machine.
    CachedSegment,
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
        }
    }
}

/// What a key is for. It vouches for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The agency's: releases. Where no rotation key is trusted it also stands in for one, as it
    /// did before there were any.
    Release,
    /// The agency's, stored apart from the one for releases: which key for releases follows
    /// another, and whose an approver's key is.
    Rotation,
    /// One person's: approvals.
    Approver,
    /// One user's on one machine: what a render leaves for the next one.
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
    /// What a key must be for that signs this.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::PublicManifest | Self::SealedManifest => Purpose::Release,
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
