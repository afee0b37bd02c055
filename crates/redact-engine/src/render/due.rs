//! Which frames a render expects, and in which order.

use redact_core::{FrameIndex, FrameSpan};

/// The frames that a render expects, in order.
pub(super) struct DueFrames {
    /// Spans with the number of frames in those before.
    spans: Vec<(u32, FrameSpan)>,
    total: u32,
}

impl DueFrames {
    pub(super) fn of(spans: Vec<FrameSpan>) -> Self {
        let mut total = 0_u32;
        let counted = spans.into_iter().map(|span| {
            let before = total;
            total = total.saturating_add(span.frames());
            (before, span)
        });
        let spans = counted.collect();
        Self { spans, total }
    }

    /// How many frames there are in all.
    pub(super) const fn total(&self) -> u32 {
        self.total
    }

    /// The frame that is due after `count` of them; behind the last, the one that would follow.
    pub(super) fn after(&self, count: u32) -> FrameIndex {
        let at = self.spans.partition_point(|(before, _)| *before <= count);
        let span = at.checked_sub(1).and_then(|at| self.spans.get(at));
        span.map_or(FrameIndex::new(count), |(before, span)| {
            FrameIndex::new(span.start().get().saturating_add(count - before))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> FrameSpan {
        FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap()
    }

    /// Goal: a frame from between two spans, or one twice, is never the one that is due.
    #[test]
    fn frames_are_due_span_by_span() {
        let due = DueFrames::of(vec![span(4, 6), span(6, 7), span(20, 22)]);
        assert_eq!(due.total(), 5);
        let order: Vec<u32> = (0..=5).map(|count| due.after(count).get()).collect();
        // The last is the one that would follow: whatever comes then is one too many.
        assert_eq!(order, [4, 5, 6, 20, 21, 22]);
        assert_eq!(DueFrames::of(Vec::new()).after(0), FrameIndex::ZERO);
    }
}
