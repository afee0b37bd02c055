//! Outlines of masks in plans and manifests.

use redact_core::{Effect, MaskRegion, Plan, Polygon, Shape};

use super::manifests::Case;
use crate::manifest::ShapeFile;
use crate::plan::{covered_tracks, from_bytes, to_bytes, to_checked_bytes};
use crate::testing::{Made, NOW, approve, unapproved};
use crate::{RecordError, log};

fn arrow() -> Shape {
    let points = vec![[0.0, 0.0], [1.0, 0.5], [0.0, 1.0], [0.3, 0.5]];
    Shape::Polygon(Polygon::new(points).unwrap())
}

/// The plan with its drawn mask filled, with an outline.
fn shaped(shape: Option<Shape>) -> Plan {
    let mut plan = unapproved();
    let known = &plan.drawn[0];
    let (id, reason) = (known.id().to_owned(), known.reason().clone());
    let (span, path) = (known.span(), known.path().to_vec());
    let fill = MaskRegion::new(id, known.origin(), Effect::Fill, reason, span, path).unwrap();
    plan.drawn[0] = fill.with_shape(shape).unwrap();
    plan
}

fn text(plan: &Plan) -> String {
    String::from_utf8(to_bytes(plan)).unwrap()
}

/// Goal: an outline is in the plan, on one line, and part of what is approved; a rectangle is
/// written as before outlines existed.
#[test]
fn outlines_come_back_and_rectangles_are_written_as_before() {
    for shape in [Shape::Ellipse, arrow()] {
        let plan = shaped(Some(shape.clone()));
        let read = from_bytes(&to_checked_bytes(&plan).unwrap()).unwrap();
        assert_eq!(read.drawn[0].shape(), Some(&shape));
        assert_ne!(
            crate::plan::content(&plan),
            crate::plan::content(&shaped(None))
        );
    }
    assert!(text(&shaped(Some(Shape::Ellipse))).contains("\"shape\": {\"kind\":\"ellipse\"}"));
    assert!(!text(&shaped(None)).contains("shape"));
    let edited = text(&approve(shaped(Some(arrow())), "Ada", NOW, "ok").unwrap());
    let edited = edited.replacen("[1.0,0.5]", "[0.9,0.5]", 1);
    let refused = from_bytes(edited.as_bytes()).unwrap_err();
    assert!(
        matches!(refused, RecordError::ChangedAfterApproval { .. }),
        "{refused}"
    );
}

/// Goal: what cannot be hidden as it says is refused with the place.
#[test]
fn only_a_fill_may_have_an_outline_and_polygons_are_checked() {
    let check = |from: &str, to: &str, expected: &str| {
        let good = text(&shaped(Some(arrow())));
        assert!(good.contains(from), "{from} is in {good}");
        let refused = from_bytes(good.replacen(from, to, 1).as_bytes()).unwrap_err();
        let cause = std::error::Error::source(&refused).map(ToString::to_string);
        let error = format!("{refused}: {}", cause.unwrap_or_default());
        assert!(error.contains(expected), "{to}: {error}");
    };
    let shape =
        "\"shape\": {\"kind\":\"polygon\",\"points\":[[0.0,0.0],[1.0,0.5],[0.0,1.0],[0.3,0.5]]}";
    let with = |points: &str| format!("\"shape\": {{\"kind\":\"polygon\",\"points\":{points}}}");
    check(shape, &with("[[0.0,0.0],[1.0,0.5]]"), "3 to 32 points");
    check(
        shape,
        &with("[[0.0,0.0],[1.0,0.5],[0.0,1.5]]"),
        "3 to 32 points",
    );
    check(
        shape,
        "\"shape\": {\"kind\":\"star\"}",
        "unknown variant `star`",
    );
    check(
        shape,
        "\"shape\": {\"kind\":\"ellipse\",\"points\":[]}",
        "unknown field `points`",
    );
    let fill = "\"kind\": \"fill\"\n      },\n      \"shape\"";
    let blur = "\"kind\": \"blur\", \"cells_across\": 4\n      },\n      \"shape\"";
    check(fill, blur, "polygon with effect blur");
    check(fill, blur, "an ellipse or polygon can only be filled");
}

/// Goal: a checker that has only the public manifest checks the outline; the log names it; a
/// damaged span cannot be declared hidden by a part of the picture.
#[test]
fn the_public_manifest_has_the_outline() {
    let plan = approve(shaped(Some(Shape::Ellipse)), "Ada", NOW, "ok").unwrap();
    let made = Made::of(plan).build();
    let drawn = made.public.masks.iter().find(|mask| mask.shape.is_some());
    let drawn = drawn.expect("the drawn mask");
    assert_eq!(drawn.shape.as_ref().unwrap().0, ShapeFile::Ellipse {});
    let case = Case::new();
    let opened = case.open_public(&made.public_bytes).unwrap();
    let rebuilt = opened.redactions().unwrap();
    let at = drawn.item as usize - 1;
    assert_eq!(rebuilt.masks[at].shape(), Some(&Shape::Ellipse));
    let csv = String::from_utf8(log::csv(&made.public).unwrap()).unwrap();
    assert!(csv.contains("filled with black, in an ellipse"), "{csv}");
    // A manifest of rectangles says nothing of outlines.
    let plain = Made::new().build();
    assert!(
        !String::from_utf8(plain.public_bytes)
            .unwrap()
            .contains("\"shape\"")
    );
}

/// Goal: a kept face in the corner of an ellipse is not covered by it. Control: by its box it is.
#[test]
fn a_face_beside_an_outline_is_not_covered() {
    use redact_core::{FrameIndex, FrameSpan, Keyframe, MaskOrigin, NormRect, ReasonCode, Verdict};
    let mut plan = unapproved();
    plan.tracks.truncate(1);
    let kept = plan.tracks[0].decision.as_mut().unwrap();
    kept.verdict = Verdict::Keep;
    let first = plan.tracks[0].track.boxes()[0];
    let [left, top, right, bottom] = first.rect.sides();
    // The face is the corner of a region ten times as large.
    let wide = (left + (right - left) * 10.0).min(1.0);
    let high = (top + (bottom - top) * 10.0).min(1.0);
    let span = FrameSpan::new(first.frame, FrameIndex::new(first.frame.get() + 1)).unwrap();
    let rect = NormRect::new([left, top, wide, high]).unwrap();
    let path = vec![Keyframe {
        frame: first.frame,
        rect,
    }];
    let reason = ReasonCode("privacy-face".into());
    let (id, origin) = ("corner".to_owned(), MaskOrigin::Drawn);
    let region = MaskRegion::new(id, origin, Effect::Fill, reason, span, path).unwrap();
    plan.drawn = vec![region.clone()];
    assert_eq!(covered_tracks(&plan).len(), 1);
    plan.drawn = vec![region.with_shape(Some(Shape::Ellipse)).unwrap()];
    assert_eq!(covered_tracks(&plan), []);
}
