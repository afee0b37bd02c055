//! The words of a plan's captions in its release.

use redact_core::{ApprovedPlan, CaptionWord};

use crate::plan::INAUDIBLE;

/// The words of the captions, on the release's clock and ordered by start; `None` if the plan has
/// none. Words that an excerpt has only in part are left out, because the rest of them is withheld.
#[must_use]
pub fn words_of(plan: &ApprovedPlan) -> Option<Vec<CaptionWord>> {
    let words = plan.plan().captions.as_ref()?;
    let Some(excerpt) = plan.excerpt() else {
        return Some(words.clone());
    };
    let mut moved: Vec<CaptionWord> = Vec::new();
    for word in words {
        let is_mark = word.text.trim() == INAUDIBLE;
        let heard = excerpt.times_heard(word.span).into_iter();
        let heard = heard.filter(|(_, whole)| *whole || is_mark);
        moved.extend(heard.map(|(span, _)| CaptionWord {
            text: word.text.clone(),
            span,
        }));
    }
    moved.sort_by_key(|word| word.span);
    Some(moved)
}
