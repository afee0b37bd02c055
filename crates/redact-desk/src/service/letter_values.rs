//! What is known of a request, as the values of its letters.

use redact_record::office::Office;
use redact_record::package::Exhibit;
use redact_record::papers::{ExhibitValues, totals, words};

use super::app::Shared;
use super::due::{self, DueBasis, span_text};
use super::fees;
use super::papers::{day_in_words, office, released};
use crate::api_error::{ApiError, ApiResult};
use crate::db::clocks::{self, ClockRows, ExtensionRow};
use crate::db::fees::{self as fee_rows, EstimateRow};
use crate::db::history;
use crate::db::recordings;
use crate::db::requests::{self, RequestRow};
use crate::domain::invoices::{Quantities, fee_lines};
use crate::domain::letters::{
    LetterAgency, LetterDeadline, LetterExtension, LetterFee, LetterLaw, LetterRequest,
    LetterValues,
};
use crate::domain::statutes::{DeadlineKind, Fee, Money, Statute};
use crate::id::Id;
use crate::model::Unit;
use crate::model::papers::LetterKind;
use crate::time;

/// What an extension letter adds to the time for the answer.
pub(crate) struct Extending {
    pub(crate) days: u16,
    pub(crate) unit: Unit,
    pub(crate) reason: String,
}

/// What a letter is about.
pub(crate) struct About {
    pub(crate) office: Office,
    pub(crate) row: RequestRow,
    /// Why the request was closed as it was; `None` while it is open.
    pub(crate) decision: Option<String>,
    clock: ClockRows,
    releases: Vec<Exhibit>,
    estimate: Option<EstimateRow>,
    recordings: u32,
}

impl About {
    /// Everything that a letter of that kind says.
    ///
    /// # Errors
    /// 404; 409 `no_estimate`, `no_releases`; 422 `papers`.
    pub(crate) async fn load(app: &Shared, request: &Id, kind: LetterKind) -> ApiResult<Self> {
        let mut about = Self::of_request(app, request).await?;
        if kind.has_releases() {
            about.releases = released(app, request).await?;
        }
        if kind == LetterKind::Estimate {
            about.estimate = fee_rows::estimates_of(&app.db, request).await?.pop();
            if about.estimate.is_none() {
                let message = "The request has no fee estimate.";
                return Err(ApiError::conflict("no_estimate", message)
                    .hint("Estimate the fee under “Time and fees” first."));
            }
        }
        Ok(about)
    }

    /// What every letter says, invoices included.
    ///
    /// # Errors
    /// 404; 422 `papers`.
    pub(crate) async fn of_request(app: &Shared, request: &Id) -> ApiResult<Self> {
        let row = requests::by_id(&app.db, request).await?;
        let clock = clocks::by_request(&app.db, Some(request)).await?;
        let entries = history::of_request(&app.db, request).await?.into_iter();
        let closing = entries
            .filter(|_| row.closed)
            .find(|one| one.action == "closed");
        let reason = closing.map(|entry| entry.reason);
        let all = recordings::of_request(&app.db, request).await?;
        let responsive = all.iter().filter(|one| !one.not_responsive).count();
        let recordings = u32::try_from(responsive).unwrap_or(u32::MAX);
        Ok(Self {
            office: office(app).await?,
            decision: reason.filter(|reason| !reason.is_empty()),
            clock: clock.into_values().next().unwrap_or_default(),
            releases: Vec::new(),
            estimate: None,
            recordings,
            row,
        })
    }

    fn law<'a>(&self, app: &'a Shared) -> Option<&'a Statute> {
        app.statutes.get(self.row.facts.jurisdiction.trim())
    }

    /// The values of the letter's template.
    ///
    /// # Errors
    /// Internal error for a stored estimate that cannot be read.
    pub(crate) fn values(
        &self,
        app: &Shared,
        (extending, paragraphs): (Option<&Extending>, Vec<String>),
    ) -> ApiResult<LetterValues<'_>> {
        let facts = &self.row.facts;
        let jurisdiction = facts.jurisdiction.trim();
        let law = self.law(app);
        let requester = Some(facts.requester.clone()).filter(|name| !name.is_empty());
        Ok(LetterValues {
            agency: LetterAgency::of(&self.office),
            signatory: self.office.signatory.as_ref(),
            date: words::day(app.today()),
            request: LetterRequest {
                number: facts.number.clone(),
                requester,
                kind: facts.requester_kind.title(),
                received: day_in_words(&facts.received_on),
                recordings: self.recordings,
            },
            law: law.map(|law| LetterLaw {
                title: law.title.clone(),
            }),
            answer: self.answer(app),
            acknowledgement: self.acknowledgement(app),
            extension: extending.map(|extending| self.extension(app, extending)),
            fee: self.fee(app)?,
            invoice: None,
            releases: self.releases.iter().map(ExhibitValues::new).collect(),
            totals: totals(&self.releases),
            decision: self.decision.clone(),
            appeals: self.office.appeals_for(&[jurisdiction]),
            paragraphs,
        })
    }

    /// The due date, unless it is only a target of the office, and the law that sets it.
    fn answer(&self, app: &Shared) -> Option<LetterDeadline> {
        let rule = due::rule(&self.row);
        let counted = due::counted(app, &self.row.facts, rule.as_ref(), &self.clock);
        let basis = counted.map(|counted| counted.basis);
        let is_set = matches!(basis, Some(DueBasis::Law | DueBasis::Rule))
            || due::by_hand(app, &self.row, rule.as_ref());
        let on = due::due_on(app, &self.row, &self.clock);
        let law = self
            .law(app)
            .filter(|_| basis != Some(DueBasis::Rule))
            .and_then(|law| law.deadline(DeadlineKind::Answer, self.row.facts.requester_kind));
        Some(LetterDeadline {
            on: is_set.then(|| day_in_words(&on)),
            statute: law.map(|deadline| deadline.authority.statute.clone()),
            text: law.map(|deadline| deadline.authority.text.clone()),
        })
    }

    fn acknowledgement(&self, app: &Shared) -> Option<LetterDeadline> {
        let kind = DeadlineKind::Acknowledgement;
        let deadline = self
            .law(app)?
            .deadline(kind, self.row.facts.requester_kind)?;
        let due = due::deadline(app, &self.row.facts, &self.clock, kind);
        let on = match due {
            Some(crate::domain::statutes::Due::On(day)) => Some(words::day(day)),
            _ => None,
        };
        Some(LetterDeadline {
            on,
            statute: Some(deadline.authority.statute.clone()),
            text: Some(deadline.authority.text.clone()),
        })
    }

    fn extension(&self, app: &Shared, extending: &Extending) -> LetterExtension {
        let mut after = self.clock.clone();
        after.extensions.push(ExtensionRow {
            id: Id::random(),
            request: self.row.id.clone(),
            days: extending.days,
            unit: extending.unit,
            reason: String::new(),
            by: String::new(),
        });
        let before = due::due_on(app, &self.row, &self.clock);
        let on = due::due_on(app, &self.row, &after);
        let law = self.law(app);
        let allowed = law.and_then(|law| {
            let mut all = law.extensions.iter();
            all.find(|one| one.of == DeadlineKind::Answer)
        });
        let moved = before != on;
        LetterExtension {
            span: span_text(extending.days, extending.unit),
            reason: extending.reason.clone(),
            before: moved.then(|| day_in_words(&before)),
            on: moved.then(|| day_in_words(&on)),
            statute: allowed.map(|one| one.authority.statute.clone()),
            text: allowed.map(|one| one.authority.text.clone()),
        }
    }

    fn fee(&self, app: &Shared) -> ApiResult<Option<LetterFee>> {
        let Some((estimate, rules)) = self.estimate.as_ref().zip(fees::rules(app, &self.row))
        else {
            return Ok(None);
        };
        let fee = estimated(estimate)?;
        let lines = fee_lines(rules, &fee, quantities(estimate));
        Ok(Some(LetterFee {
            total: fee.total.to_string(),
            is_zero: fee.total == Money(0),
            exempt: fee.exempt,
            prepay: rules.prepay_over.is_some_and(|over| fee.total > over),
            tolerance_percent: rules.tolerance_percent,
            tolerance_includes: rules.tolerance_includes,
            lines: lines.iter().map(|line| line.letter_line()).collect(),
            statute: rules.authority.statute.clone(),
            text: rules.authority.text.clone(),
        }))
    }

    /// What the person who makes the letter should know.
    pub(crate) fn warnings(&self, app: &Shared, kind: LetterKind) -> Vec<String> {
        let mut found = Vec::new();
        let jurisdiction = self.row.facts.jurisdiction.trim();
        let title = app.statutes.title(jurisdiction);
        found.extend(without(&self.office));
        let appeals = self.office.appeals_for(&[jurisdiction]);
        if kind.denies() && appeals.is_empty() {
            found.push(format!(
                "No appeal rights are on file for {title}. Add them in the office's folder, or \
                 write them into the text."
            ));
        }
        let mut rights = appeals.iter().flat_map(|appeal| &appeal.rights);
        if kind.denies() && rights.any(|right| right.checked.is_none()) {
            found.push(
                "Some of the appeal rights were not compared with the published law. Counsel must \
                 read the letter before it is sent."
                    .to_owned(),
            );
        }
        let extends = self.law(app).is_some_and(|law| {
            let mut all = law.extensions.iter();
            all.any(|one| one.of == DeadlineKind::Answer)
        });
        if kind == LetterKind::Extension && !extends {
            found.push(format!("No extension is on file for {title}."));
        }
        let rule = due::rule(&self.row);
        if kind == LetterKind::Extension && due::by_hand(app, &self.row, rule.as_ref()) {
            let message = "The due date was set by hand, so an extension does not move it.";
            found.push(message.to_owned());
        }
        found
    }
}

/// What the office's papers lack.
pub(crate) fn without(office: &Office) -> Vec<String> {
    let head = &office.letterhead;
    let lacks = [
        (
            head.agency.is_none(),
            "The letterhead has no name of the agency. An administrator enters it in Settings.",
        ),
        (
            head.address.is_empty() && head.contact.is_empty(),
            "The letterhead has no address. An administrator enters it in Settings.",
        ),
        (
            office.signatory.is_none(),
            "Nobody signs: no signatory is set in office.toml.",
        ),
    ];
    let found = lacks.into_iter().filter(|(lacks, _)| *lacks);
    found.map(|(_, what)| what.to_owned()).collect()
}

/// The fee of an estimate, as it was computed then.
///
/// # Errors
/// Internal error if it cannot be read.
pub(crate) fn estimated(row: &EstimateRow) -> ApiResult<Fee> {
    serde_json::from_str(&row.fee).map_err(|error| ApiError::internal(&error))
}

/// The quantities of an estimate.
pub(crate) const fn quantities(row: &EstimateRow) -> Quantities {
    Quantities {
        search_minutes: row.search_minutes,
        review_minutes: row.review_minutes,
        redaction_minutes: row.redaction_minutes,
        extent: None,
    }
}

/// The day on which an estimate was made, in words.
pub(crate) fn estimated_on(app: &Shared, row: &EstimateRow) -> String {
    day_in_words(&time::day_text(app.zone().day(row.at)))
}
