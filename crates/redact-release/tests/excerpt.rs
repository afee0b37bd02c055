//! Releases of spans of a recording, and of nothing else.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::path::Path;

use common::{INPUT, InProcess, Recording, clock, ports};
use redact_core::{
    Approval, ApprovedPlan, Class, Effect, MediaItem, MuteStyle, Source as _, TimeSpan, UtcNanos,
};
use redact_media::{FileSource, OpenOptions};
use redact_record::events::{Act, EventDraft};
use redact_record::manifest::{OneLine, PublicManifest, ShapeFile};
use redact_record::release_paths;
use redact_record::sign::{KeyPair, TrustStore, TrustedKey};
use redact_release::ReleaseError;
use redact_release::approve::{PolicyDecision, read_policy};
use redact_release::render::ExcerptRequest;
use redact_release::scan::{ScanRequest, scan_recording};
use redact_release::verify::VerifyRequest;
use redact_testkit::{Quiet, Scene, Sound, drawn_mask, mute, shaped_mask};

/// Frames of the recording: eight seconds in GOPs of two.
const FRAMES: u32 = 240;

/// A recording that is loud outside of seconds 2.3 to 6.7, and an approved plan for it.
struct Prepared {
    here: Recording,
    plan: ApprovedPlan,
    key: KeyPair,
    trust: TrustStore,
}

fn span(from: f64, to: f64) -> TimeSpan {
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    let nanos = |seconds: f64| (seconds * 1e9).round() as i64;
    TimeSpan::new(nanos(from), nanos(to)).unwrap()
}

fn scene() -> Scene {
    Scene {
        pan: [0.002, 0.0],
        sounds: vec![Sound {
            rate_hz: 48_000,
            channels: 2,
            start: 0,
            speech: vec![span(0.0, 2.3), span(6.7, 8.0)],
        }],
        ..Scene::new(320, 240, FRAMES)
    }
}

impl Prepared {
    fn new() -> Self {
        let here = Recording::of(&scene());
        let worker = InProcess { progress: &Quiet };
        let ports = ports(&worker);
        let (clip, models) = (here.path("clip.mp4"), here.models());
        let request = ScanRequest {
            clip: &clip,
            models: &models,
            input: &INPUT,
            transcript: None,
            acknowledged: Some(&Class::IDENTIFYING),
        };
        let (found, _) = scan_recording(&request, &ports).unwrap();
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let policy_file = policies.join("public-release.toml");
        let decision = PolicyDecision {
            clip: &clip,
            policy_file: &policy_file,
            policy: &read_policy(&policy_file).unwrap(),
            by: Some("Ada Okafor"),
            accept_missing: &Class::IDENTIFYING,
            accept_untranscribed: false,
        };
        let digest = redact_record::digest_bytes(b"findings");
        let mut draft = EventDraft::new(Act::Approval);
        let decided = decision.decide(&found, digest, clock(), &mut draft);
        let key = KeyPair::generate(None).unwrap();
        let trust = TrustStore::of(vec![TrustedKey {
            name: "agency".to_owned(),
            key: key.public(),
        }]);
        Self {
            plan: edited(&decided.unwrap().0),
            here,
            key,
            trust: trust.unwrap(),
        }
    }

    /// Releases `spans` of the recording, or says why not.
    fn render(&self, spans: &[TimeSpan]) -> Result<PublicManifest, ReleaseError> {
        let worker = InProcess { progress: &Quiet };
        let excerpt = ExcerptRequest {
            spans: spans.to_vec(),
            by: "Grace Adeyemi".to_owned(),
            reason: "not-requested".to_owned(),
        };
        let ports = ports(&worker);
        self.here
            .render_excerpt(&self.plan, Some(&excerpt), &self.key, &self.trust, &ports)
    }

    /// Verifies the release with its recording, under the manifest `public`, signed again.
    fn verify(&self, public: &PublicManifest) -> redact_check::Verdict {
        let release = self.here.path("clip.redacted.mp4");
        let manifest = release_paths(&release).manifest;
        let bytes = serde_json::to_vec_pretty(public).unwrap();
        let kind = redact_record::sign::Signed::PublicManifest;
        let signature = self.key.sign_bytes(&bytes, kind, clock()).unwrap();
        std::fs::write(&manifest, bytes).unwrap();
        std::fs::write(release_paths(&release).manifest_signature, signature).unwrap();
        std::fs::remove_file(release_paths(&release).sealed).ok();
        let clip = self.here.path("clip.mp4");
        let worker = InProcess { progress: &Quiet };
        let request = VerifyRequest {
            release: &release,
            manifest,
            source: Some(&clip),
            policy: None,
            previous: &[],
            tsa: Vec::new(),
            trust: self.trust.clone(),
            no_media: false,
            second_look: None,
        };
        request.run(&ports(&worker)).unwrap().verdict
    }

    /// Frames that the release decodes to, and its loudest sample.
    fn decoded(&self) -> (u32, f32) {
        let release = self.here.path("clip.redacted.mp4");
        let mut source = FileSource::open(&release, &OpenOptions::default()).unwrap();
        let (mut frames, mut loudest) = (0, 0.0_f32);
        while let Some(item) = source.next_item().unwrap() {
            match item {
                MediaItem::Frame(_) => frames += 1,
                MediaItem::Audio(block) => {
                    let samples = block.samples.iter().map(|sample| sample.abs());
                    loudest = samples.fold(loudest, f32::max);
                }
                _ => {}
            }
        }
        (frames, loudest)
    }
}

/// The plan with a mosaic over frames 20 to 99 and a mute of seconds 6.2 to 6.4.
fn edited(plan: &ApprovedPlan) -> ApprovedPlan {
    let mut plan = plan.plan().clone();
    let cells = redact_core::Cells::new(6).unwrap();
    let reason = redact_core::ReasonCode("privacy-face".to_owned());
    let mask = drawn_mask(
        "still",
        Effect::Pixelate(cells),
        20..100,
        [0.1, 0.1, 0.4, 0.5],
    );
    let points = vec![[0.0, 0.0], [1.0, 0.4], [0.5, 1.0]];
    let corners = redact_core::Polygon::new(points).unwrap();
    let corners = redact_core::Shape::Polygon(corners);
    let round = redact_core::Shape::Ellipse;
    let masks = [
        mask,
        shaped_mask("round", round, 30..60, [0.5, 0.1, 0.95, 0.6]),
        shaped_mask("corners", corners, 40..90, [0.05, 0.5, 0.6, 0.95]),
    ];
    let masks = masks.into_iter().map(|mask| {
        let (id, path) = (mask.id().to_owned(), mask.path().to_vec());
        let (origin, effect, reason) = (mask.origin(), mask.effect(), reason.clone());
        let made = redact_core::MaskRegion::new(id, origin, effect, reason, mask.span(), path);
        made.unwrap().with_shape(mask.shape().cloned()).unwrap()
    });
    plan.drawn = masks.collect();
    let muted = mute("name", span(6.2, 6.4), MuteStyle::Silence);
    plan.mutes = vec![redact_core::MuteRegion {
        reason: redact_core::ReasonCode("privacy-speech".to_owned()),
        ..muted
    }];
    plan.approvals = Vec::new();
    plan.approvals = vec![Approval {
        by: "Ada Okafor".to_owned(),
        at: UtcNanos(0),
        statement: "For a test.".to_owned(),
        content: redact_record::plan::content(&plan),
        signature: None,
    }];
    let digest = plan.source.digest;
    redact_record::plan::approved(plan, digest).unwrap()
}

fn runs(public: &PublicManifest) -> Vec<(u32, u32, bool)> {
    let runs = public.coding.pictures.iter();
    runs.map(|run| (run.0.frames.0, run.0.frames.1, run.0.copied))
        .collect()
}

/// Goal: an excerpt has exactly the frames and the sound of its span; only the GOPs that the cut or
/// a mask goes through are re-encoded; the comparison with the recording holds. Controls: a
/// manifest that names other frames or other times, each with the agency's signature.
#[test]
fn an_excerpt_has_its_span_and_nothing_else() {
    let made = Prepared::new();
    let public = made.render(&[span(2.5, 6.5)]).unwrap();
    assert_eq!(
        runs(&public),
        [(0, 45, false), (45, 105, true), (105, 120, false)]
    );
    assert_eq!((public.totals.frames, public.source.frames), (120, FRAMES));
    assert_eq!(public.masks[0].frames.0, (0, 25));
    let (start, end) = public.mutes[0].release_seconds.0;
    assert!((start.0 - 3_700_000_000).abs() < 1000 && (end.0 - 3_900_000_000).abs() < 1000);
    let excerpt = public.excerpt.clone().unwrap();
    let withheld: Vec<_> = excerpt.withheld.iter().map(|w| w.0.source_frames).collect();
    assert_eq!(withheld, [(0, 75), (195, FRAMES)]);
    let (frames, loudest) = made.decoded();
    assert_eq!(frames, 120, "every stored frame is shown");
    assert!(loudest < 0.05, "sound from outside of the span: {loudest}");
    let verdict = made.verify(&public);
    assert!(verdict.passed(), "{}", verdict.text());
    assert!(
        verdict.text().contains("60 of them in 1 GOPs"),
        "{}",
        verdict.text()
    );
    // Other frames under the same times, and the frames after them.
    let forge = |frames: i64, ticks: i64| {
        let mut forged = public.clone();
        let excerpt = forged.excerpt.as_mut().unwrap();
        let moved = |frame: u32| u32::try_from(i64::from(frame) + frames).unwrap();
        let span = &mut excerpt.spans[0].0;
        span.source_frames = (moved(span.source_frames.0), moved(span.source_frames.1));
        let step = excerpt.card_frame_ticks * ticks;
        span.source_ticks = (span.source_ticks.0 + step, span.source_ticks.1 + step);
        let nanos = span.source_ticks;
        let [before, behind] = &mut excerpt.withheld[..] else {
            panic!("two withheld spans");
        };
        before.0.source_frames.1 = moved(before.0.source_frames.1);
        behind.0.source_frames.0 = moved(behind.0.source_frames.0);
        let first = forged.source.first_tick;
        let base = forged.source.seconds_per_tick.0;
        let seconds = |tick: i64| {
            let base = redact_core::TimeBase::new(base.0, base.1).unwrap();
            redact_core::Timestamp::new(tick - first)
                .nanos(base)
                .unwrap()
        };
        before.0.source_seconds.1.0 = seconds(nanos.0);
        behind.0.source_seconds.0.0 = seconds(nanos.1);
        made.verify(&forged)
    };
    assert!(forge(0, 0).passed(), "the control");
    for (frames, ticks) in [(1, 0), (1, 1), (-1, -1), (0, 1)] {
        let verdict = forge(frames, ticks);
        assert!(!verdict.passed(), "{frames} {ticks}: {}", verdict.text());
    }
}

/// Goal: outlines are encoded, measured and compared with the recording. Controls: a manifest that
/// declares rectangles, or another outline, each with the agency's signature.
#[test]
fn outlines_are_released_and_verified() {
    let made = Prepared::new();
    let public = made.render(&[span(1.0, 3.5)]).unwrap();
    let outlined: Vec<usize> = (0..public.masks.len())
        .filter(|&at| public.masks[at].shape.is_some())
        .collect();
    assert_eq!(outlined.len(), 2);
    let verdict = made.verify(&public);
    assert!(verdict.passed(), "{}", verdict.text());
    for at in outlined {
        let mut forged = public.clone();
        forged.masks[at].shape = None;
        assert!(!made.verify(&forged).passed(), "a rectangle");
        let other = match &public.masks[at].shape.as_ref().unwrap().0 {
            ShapeFile::Ellipse {} => ShapeFile::Polygon {
                points: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)],
            },
            ShapeFile::Polygon { .. } => ShapeFile::Ellipse {},
        };
        forged.masks[at].shape = Some(OneLine(other));
        assert!(!made.verify(&forged).passed(), "another outline");
    }
}

/// Goal: spans are joined in order of time, with a card between them that is verified with the
/// rest. Control: a manifest whose card says something else.
#[test]
fn spans_are_joined_with_a_title_card() {
    let made = Prepared::new();
    let public = made.render(&[span(4.0, 8.0), span(0.0, 1.5)]).unwrap();
    let excerpt = public.excerpt.clone().unwrap();
    assert_eq!(excerpt.cards[0].0.text, "00:00:01.500 to 00:00:04 withheld");
    assert_eq!(excerpt.cards[0].0.release_frames, (45, 165));
    assert_eq!(runs(&public).last(), Some(&(165, 285, true)));
    assert_eq!(public.masks[0].frames.0, (20, 45));
    let (start, _) = public.mutes[0].release_seconds.0;
    assert!((start.0 - 7_700_000_000).abs() < 1000, "{start:?}");
    assert_eq!(made.decoded().0, 285);
    let verdict = made.verify(&public);
    assert!(verdict.passed(), "{}", verdict.text());
    let mut forged = public.clone();
    forged.excerpt.as_mut().unwrap().cards[0].0.text = "nothing withheld".to_owned();
    assert!(!made.verify(&forged).passed());
}

/// Goal: what is no span of the recording is refused with an error that says why.
#[test]
fn what_is_no_span_is_refused() {
    let made = Prepared::new();
    for (spans, words) in [
        (vec![span(0.0, 2.0), span(1.9, 3.0)], "overlap"),
        (
            vec![span(9.5, 9.9)],
            "is not in the recording, which ends at 00:00:08",
        ),
        (vec![span(1.0, 600.0)], "is not in the recording"),
        (vec![span(1.001, 1.002)], "has no frame"),
    ] {
        let refused = made.render(&spans).unwrap_err();
        assert!(refused.text().contains(words), "{}", refused.text());
        assert!(!made.here.path("clip.redacted.mp4").exists());
    }
}
