//! Small records with every feature, for the tests of this crate.

use std::path::Path;

use redact_core::{
    ApprovedPlan, AudioInfo, BoxOrigin, Cells, Class, ColorRange, Conversion, Damage, Digest,
    Effect, Findings, FrameIndex, FrameSpan, Keyframe, MaskOrigin, MaskRegion, ModelUse,
    MuteRegion, MuteStreams, MuteStyle, NormRect, PixelSize, Plan, ReasonCode, SourceIdentity,
    SourceInfo, StreamKind, StreamSummary, TimeBase, TimeSpan, Timestamp, Track, TrackBox, TrackId,
    UtcNanos, Verdict, VideoInfo,
};

use crate::manifest::{
    AudioResult, CheckResult, CodingFacts, FrameClock, Fresh, HumanChange, ManifestInput,
    Manifests, Measured, MutedLevel, OneLine, ReleaseContext, ReleaseFacts, RenderFacts, Replaced,
    Request, SecondLook, SecondQuality, StillSeen, Supersedes, Terms, ToolInfo, build, changes,
};
use crate::policy::Policy;
use crate::{FileBinding, plan, policy};

pub(crate) const FRAMES: u32 = 12;
pub(crate) const NOW: UtcNanos = UtcNanos(1_772_352_000_000_000_000);

pub(crate) const POLICY: &str = r#"
format_version = 1
name = "public-release"
title = "Release to the public"
jurisdiction = "US federal"
note = "A starting point, not legal advice."
[approval]
second_person = false
[[class]]
class = "face"
verdict = "redact"
effect = { kind = "blur", cells_across = 8 }
reason = "privacy-face"
[[class]]
class = "plate"
verdict = "redact"
effect = { kind = "fill" }
reason = "privacy-face"
[[class]]
class = "screen"
verdict = "keep"
reason = "nothing-private"
[audio]
mute_speech = true
style = "silence"
padding_ms = 250
reason = "privacy-speech"
[[reason]]
code = "privacy-face"
statute = "5 U.S.C. 552(b)(7)(C)"
text = "The face of a person is withheld."
[[reason]]
code = "privacy-speech"
statute = "5 U.S.C. 552(b)(7)(C)"
text = "Speech is withheld."
[[reason]]
code = "nothing-private"
statute = "none"
text = "Nothing private is on the display."
"#;

pub(crate) fn policy() -> Policy {
    policy::parse(POLICY.as_bytes(), Path::new("public-release.toml")).unwrap()
}

/// The policy with `from` replaced by `to`, which must occur.
pub(crate) fn policy_with(from: &str, to: &str) -> Result<Policy, crate::RecordError> {
    assert!(POLICY.contains(from), "{from:?} is in the policy");
    policy::parse(
        POLICY.replacen(from, to, 1).as_bytes(),
        Path::new("public-release.toml"),
    )
}

pub(crate) fn track(id: u32, class: Class, first: u32, count: u32) -> Track {
    use BoxOrigin::{Detected, Extended, Followed, Interpolated};
    let origins = [Extended, Detected, Interpolated, Followed];
    let boxes = (first..first + count).zip(origins.into_iter().cycle());
    let boxes = boxes.map(|(frame, origin)| {
        #[expect(clippy::cast_precision_loss, reason = "a dozen frames")]
        let x = 0.1 + frame as f32 / 37.0;
        TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::new([x, 0.2, x + 0.1, 0.45]).unwrap(),
            score: 0.873,
            origin,
        }
    });
    Track::new(TrackId(id), class, boxes.collect()).unwrap()
}

fn stream(index: u32, kind: StreamKind, codec: &str, included: bool) -> StreamSummary {
    StreamSummary {
        index,
        kind,
        codec: codec.into(),
        included,
        time_base: TimeBase::new(1, 90_000),
        start: Some(Timestamp::new(-180)),
    }
}

pub(crate) fn source() -> SourceIdentity {
    let video = VideoInfo {
        stream: 1,
        codec: "h264".into(),
        pixel_format: "yuv422p".into(),
        size: PixelSize::new(640, 362).unwrap(),
        rotation_degrees: 90,
        pixel_aspect: (1, 1),
        time_base: TimeBase::new(1001, 30_000).unwrap(),
        frame_rate: Some((30_000, 1001)),
        frames_hint: None,
        duration_hint_nanos: Some(400_400_001),
        first_timestamp: Timestamp::new(-2),
        range: ColorRange::Limited,
    };
    let info = SourceInfo {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        video,
        audio: vec![AudioInfo {
            stream: 0,
            codec: "aac".into(),
            rate_hz: 48_000,
            channels: 2,
        }],
        streams: vec![
            stream(0, StreamKind::Audio, "aac", true),
            stream(1, StreamKind::Video, "h264", true),
            stream(2, StreamKind::Data, "unknown", false),
        ],
        chapters: 1,
        tag_keys: vec!["com.secret.tag".into()],
        conversions: vec![
            Conversion::PixelFormat {
                from: "yuv422p".into(),
            },
            Conversion::PaddedToEven {
                from: PixelSize::new(640, 361).unwrap(),
            },
            Conversion::Rotated { degrees: 90 },
            Conversion::Mirrored,
            Conversion::Rescaled,
        ],
    };
    SourceIdentity {
        digest: Digest([0xa1; 32]),
        bytes: 123_456_789_012,
        frames: FRAMES,
        duration_ticks: i64::from(FRAMES),
        info,
    }
}

pub(crate) fn findings() -> Findings {
    Findings {
        source: source(),
        models: vec![ModelUse {
            name: "yunet-n".into(),
            digest: Digest([0xb2; 32]),
            licence: "Apache-2.0".into(),
            classes: vec![Class::Face],
            threshold: 0.35,
            input_side: 960,
        }],
        missing: vec![Class::Plate],
        tracks: vec![track(1, Class::Face, 0, 7), track(3, Class::Screen, 4, 3)],
        speech: Some(vec![
            TimeSpan::new(50_000_001, 100_000_000).unwrap(),
            TimeSpan::new(320_000_000, 330_000_000).unwrap(),
        ]),
        transcript: None,
        damage: Damage::default(),
    }
}

/// The policy's proposal with a drawn mask and a mute on one track.
pub(crate) fn unapproved() -> Plan {
    let by = "policy public-release";
    let mut plan = plan::propose(&findings(), Digest([0xc3; 32]), &policy(), by, NOW).unwrap();
    plan.acknowledged = vec![Class::Plate];
    let span = FrameSpan::new(FrameIndex::new(2), FrameIndex::new(11)).unwrap();
    let keyframe = |frame, x: f32| Keyframe {
        frame: FrameIndex::new(frame),
        rect: NormRect::new([x, 0.5, x + 0.3, 1.0]).unwrap(),
    };
    plan.drawn.push(
        MaskRegion::new(
            "tattoo of Jane Roe".into(),
            MaskOrigin::Drawn,
            Effect::Pixelate(Cells::new(4).unwrap()),
            ReasonCode("privacy-face".into()),
            span,
            vec![keyframe(2, 0.0), keyframe(8, 0.7)],
        )
        .unwrap(),
    );
    plan.mutes.push(MuteRegion {
        id: "Jane says her address".into(),
        span: TimeSpan::new(-5, 1_000_000_000).unwrap(),
        streams: MuteStreams::Only(vec![0]),
        style: MuteStyle::Tone,
        reason: ReasonCode("privacy-speech".into()),
    });
    // A person confirms what the policy keeps.
    if let Some(decision) = &mut plan.tracks[1].decision {
        decision.by = "Operator Olsen".into();
        assert_eq!(decision.verdict, Verdict::Keep);
    }
    plan
}

/// The plan with one more approval.
pub(crate) fn approve(
    plan: Plan,
    by: &str,
    at: UtcNanos,
    statement: &str,
) -> Result<Plan, crate::RecordError> {
    let mut content = plan::PlanContent::new(plan)?;
    content.approve(by, at, statement)?;
    Ok(content.into_plan())
}

pub(crate) fn plan() -> Plan {
    approve(unapproved(), "Approver Abel", NOW, "I looked at every item").unwrap()
}

/// The findings that `plan`, a changed [`unapproved`], could have been made from.
fn findings_of(plan: &Plan) -> Findings {
    let mut found = findings();
    found.source = plan.source.clone();
    found.damage = plan.damage.clone();
    let planned = |id| plan.tracks.iter().any(|planned| planned.track.id() == id);
    found.tracks.retain(|track| planned(track.id()));
    if plan.mutes.is_empty() {
        found.speech = Some(Vec::new());
    }
    found
}

/// Values that must not be public.
pub(crate) const SENSITIVE: [&str; 22] = [
    "Olsen",
    "Abel",
    "looked at every",
    "Roe",
    "tattoo",
    "address",
    "SmithArrest",
    "secret.tag",
    "Requester",
    "R-77",
    "C-88",
    "Chief",
    "written basis 9",
    "consent 5",
    "by courier",
    "EV-123",
    "SN-456",
    "clock by GPS",
    "2026-02-03",
    "2026-02-04",
    "related-clip",
    "2026-09-09",
];

pub(crate) fn context() -> ReleaseContext {
    let text = |text: &str| Some(text.to_owned());
    ReleaseContext {
        terms: Terms {
            agency: text("Example Police Department"),
            profile: text("public"),
            jurisdiction: text("US federal"),
            classification: text("public"),
            ..Terms::default()
        },
        supersedes: Some(Replaced {
            named: Supersedes {
                manifest_id: "33".repeat(16),
                sha256: crate::manifest::Hex(Digest([0xee; 32])),
            },
            source: Digest([0xa1; 32]),
        }),
        events_head: Some(crate::events::Checkpoint {
            seq: 41,
            digest: crate::manifest::Hex(Digest([0xe7; 32])),
        }),
        request: Request {
            requester: text("Requester Ray"),
            request_number: text("R-77"),
            case_number: text("C-88"),
            requested_on: text("2026-02-03"),
            due_on: text("2026-09-09"),
            authorised_by: text("Chief Chan"),
            written_basis: text("written basis 9"),
            consent_reference: text("consent 5"),
            delivery: text("by courier"),
            copy_number: Some(1),
            minutes_of_work: Some(42),
            evidence_id: text("EV-123"),
            device_serial: text("SN-456"),
            clock_basis: text("clock by GPS"),
            recorded_start: text("2026-02-04T01:00"),
            recorded_end: text("2026-02-04T02:00"),
            pre_event_seconds: Some(30),
            related_recordings: vec!["related-clip".into()],
        },
    }
}

fn passed(name: &str, evidence: &str) -> CheckResult {
    CheckResult {
        name: name.into(),
        passed: true,
        evidence: evidence.into(),
    }
}

/// Owns what a [`ManifestInput`] borrows.
pub(crate) struct Made {
    pub(crate) plan: ApprovedPlan,
    pub(crate) findings: Findings,
    pub(crate) before: FileBinding,
    pub(crate) release: ReleaseFacts,
    pub(crate) clock: FrameClock,
    pub(crate) render: RenderFacts,
    pub(crate) coding: CodingFacts,
    pub(crate) audit: Vec<CheckResult>,
    pub(crate) compare: Vec<CheckResult>,
    pub(crate) leaks: Vec<CheckResult>,
    pub(crate) measured: Measured,
    pub(crate) second_look: Option<SecondLook>,
    pub(crate) changes: Vec<HumanChange>,
    pub(crate) source_channels: Vec<String>,
    pub(crate) tool: ToolInfo,
    pub(crate) context: ReleaseContext,
}

impl Made {
    pub(crate) fn new() -> Self {
        Self::of(plan())
    }

    #[allow(clippy::too_many_lines, reason = "one case after the other")]
    pub(crate) fn of(plan: Plan) -> Self {
        let found = findings_of(&plan);
        let changes = changes(&plan, &found).unwrap();
        let plan = plan::approved(plan, Digest([0xa1; 32])).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![9; 10_000]).unwrap();
        let go = &mut |_, _| std::ops::ControlFlow::Continue(());
        let binding = FileBinding::of_file(file.path(), go).unwrap();
        let mut clock = FrameClock::default();
        for frame in 0..i64::from(FRAMES) {
            clock.push(Timestamp::new(frame - 2), 1);
        }
        Self {
            plan,
            findings: found,
            before: FileBinding {
                sha256: Digest([0xa1; 32]),
                ..binding.clone()
            },
            release: ReleaseFacts {
                binding,
                container: "mp4".into(),
                streams: vec![
                    stream(0, StreamKind::Video, "h264", true),
                    stream(1, StreamKind::Audio, "aac", true),
                ],
            },
            clock,
            render: RenderFacts {
                frames: FRAMES,
                frames_masked: 11,
                masked_area_mean: 0.123_456_7,
                audio: vec![AudioResult {
                    rate_hz: 48_000,
                    samples: 19_219,
                    muted_samples: 9_600,
                }],
            },
            coding: CodingFacts {
                pictures_encoded_because: Some("masks touch every group of pictures".into()),
                sound: vec![Err("it is muted in part".into())],
                ..CodingFacts::default()
            },
            audit: vec![passed("masks", "12 frames, 20 rectangles")],
            compare: vec![passed("picture outside masks", "worst second 38.1 dB")],
            leaks: vec![passed("chapters", "none")],
            measured: Measured {
                mutes: vec![MutedLevel {
                    mute: 1,
                    track: 0,
                    samples: 4800,
                    loudest_dbfs: -96.34,
                }],
                seconds: vec![SecondQuality {
                    second: 0,
                    worst_db: 38.12,
                    median_db: 41.98,
                    ssim: 0.987_65,
                }],
            },
            second_look: Some(SecondLook {
                models: vec![(&findings().models[0]).into()],
                frames: FRAMES,
                seen: vec![OneLine(StillSeen {
                    class: Class::Screen.into(),
                    frames: (4, 7),
                    sightings: 2,
                    score_best: 0.5,
                    kept: true,
                })],
                accepted: false,
            }),
            changes,
            source_channels: ["data-tracks", "edit-lists", "sei-user-data"]
                .map(str::to_owned)
                .into(),
            tool: ToolInfo {
                version: "0.1.0".into(),
                commit: Some("0123abc".into()),
                libraries: vec![("libavcodec".into(), "59.37.100".into())],
                options: vec![("preset".into(), "medium".into())],
                jail: None,
            },
            context: context(),
        }
    }

    pub(crate) fn input(&self) -> ManifestInput<'_> {
        ManifestInput {
            rest: None,
            plan: &self.plan,
            models: &self.findings.models,
            source_name: "SmithArrest.mov",
            release_name: "SmithArrest.redacted.mp4",
            source_before: &self.before,
            source_after: self.before.sha256,
            release: &self.release,
            clock: &self.clock,
            render: &self.render,
            coding: &self.coding,
            audit: &self.audit,
            compare: &self.compare,
            leaks: &self.leaks,
            measured: &self.measured,
            second_look: self.second_look.as_ref(),
            findings: Some((&self.findings, self.plan.plan().findings)),
            without_findings: None,
            changes: Some(&self.changes),
            source_channels: &self.source_channels,
            captions: self.plan.plan().captions.is_some(),
            tool: &self.tool,
            context: &self.context,
            created: NOW,
            fresh: Fresh {
                id: [0x11; 16],
                salt: [0x22; 32],
            },
        }
    }

    pub(crate) fn build(&self) -> Manifests {
        build(&self.input()).unwrap()
    }
}
