//! Plans for hand-made masks and mutes.

use redact_core::{
    Approval, ApprovedPlan, Damage, Digest, Effect, FrameIndex, FrameSpan, Keyframe, MaskOrigin,
    MaskRegion, MuteRegion, MuteStreams, MuteStyle, NormRect, Plan, PolicyRef, Reason, ReasonCode,
    Shape, SourceIdentity, TimeSpan, UtcNanos,
};

use crate::Scene;

const REASON: &str = "privacy";

/// What tells `scene` from other recordings; its digest is made up.
#[must_use]
pub fn identity(scene: &Scene) -> SourceIdentity {
    let ticks = scene.frames.checked_sub(1).map_or(0, |last| {
        let frame = scene.frame(last);
        frame.timestamp.ticks() + frame.duration_ticks
    });
    SourceIdentity {
        digest: Digest([7; 32]),
        bytes: 1,
        frames: scene.frames,
        duration_ticks: ticks,
        info: scene.info(),
    }
}

/// A mask over `frames` that stays at `sides`.
///
/// # Panics
/// When `frames` is empty or `sides` make no rectangle.
#[must_use]
pub fn drawn_mask(
    id: &str,
    effect: Effect,
    frames: std::ops::Range<u32>,
    sides: [f32; 4],
) -> MaskRegion {
    let span = FrameSpan::new(FrameIndex::new(frames.start), FrameIndex::new(frames.end));
    let keyframe = Keyframe {
        frame: FrameIndex::new(frames.start),
        rect: NormRect::new(sides).expect("sides that make a rectangle"),
    };
    MaskRegion::new(
        id.into(),
        MaskOrigin::Drawn,
        effect,
        ReasonCode(REASON.into()),
        span.expect("at least one frame"),
        vec![keyframe],
    )
    .expect("one keyframe, inside the span")
}

/// A black mask over `frames` with the outline `shape` within `sides`.
///
/// # Panics
/// Those of [`drawn_mask`].
#[must_use]
pub fn shaped_mask(
    id: &str,
    shape: Shape,
    frames: std::ops::Range<u32>,
    sides: [f32; 4],
) -> MaskRegion {
    let filled = drawn_mask(id, Effect::Fill, frames, sides);
    filled.with_shape(Some(shape)).expect("a fill")
}

/// A mute of every track over `span`.
#[must_use]
pub fn mute(id: &str, span: TimeSpan, style: MuteStyle) -> MuteRegion {
    MuteRegion {
        id: id.into(),
        span,
        streams: MuteStreams::All,
        style,
        reason: ReasonCode(REASON.into()),
    }
}

/// An approved plan that hides `masks` and `mutes` in `scene`.
///
/// # Panics
/// When the plan would not be approved: a mask outside the scene, a name used twice.
#[must_use]
pub fn approved(scene: &Scene, masks: Vec<MaskRegion>, mutes: Vec<MuteRegion>) -> ApprovedPlan {
    let source = identity(scene);
    let digest = source.digest;
    let plan = Plan {
        source,
        findings: Digest([8; 32]),
        policy: PolicyRef {
            name: "test".into(),
            digest: Digest([9; 32]),
            rules: String::new(),
        },
        second_person: false,
        reasons: vec![Reason {
            code: ReasonCode(REASON.into()),
            statute: "none".into(),
            text: "For a test.".into(),
        }],
        tracks: Vec::new(),
        drawn: masks,
        mutes,
        kept_speech: Vec::new(),
        captions: None,
        damage: Damage::default(),
        missing: Vec::new(),
        models: Vec::new(),
        acknowledged: Vec::new(),
        weak_effects_accepted: Vec::new(),
        approvals: vec![Approval {
            by: "tester".into(),
            at: UtcNanos(0),
            statement: "For a test.".into(),
            content: Digest([0; 32]),
            signature: None,
        }],
    };
    ApprovedPlan::new(plan, digest).expect("a plan that may be carried out")
}
