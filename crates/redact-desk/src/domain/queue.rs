//! What of the queue a person chose to see, and how many requests each choice would show.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stage::Stage;

/// Requests that are due in this many days are due soon.
pub(crate) const SOON_DAYS: i64 = 3;

/// A request, as far as the filters of the queue look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueuedRequest<'a> {
    pub(crate) stage: Stage,
    pub(crate) overdue: bool,
    pub(crate) days_left: i64,
    /// Practice is listed for its owner and counts nowhere.
    pub(crate) practice: bool,
    /// The id of the person it is assigned to.
    pub(crate) assignee: Option<&'a str>,
}

impl QueuedRequest<'_> {
    /// Whether it is due soon, and not overdue.
    const fn is_due_soon(&self) -> bool {
        let over = matches!(self.stage, Stage::Closed | Stage::HandedOver);
        !self.practice && !over && !self.overdue && self.days_left <= SOON_DAYS
    }
}

/// Requests in one stage, all that are open, or all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StageChoice {
    #[default]
    Open,
    All,
    #[serde(untagged)]
    One(Stage),
}

/// Requests by their due date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DueChoice {
    #[default]
    All,
    Soon,
    Overdue,
}

/// What a person chose to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueueChoice {
    pub(crate) stage: StageChoice,
    pub(crate) due: DueChoice,
    pub(crate) whose: Whose,
}

/// Requests by the person they are assigned to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Whose {
    #[default]
    Everybody,
    Nobody,
    /// The id of a person.
    Person(String),
}

impl QueueChoice {
    fn takes_stage(&self, request: &QueuedRequest<'_>) -> bool {
        match self.stage {
            StageChoice::All => true,
            StageChoice::Open => request.stage != Stage::Closed,
            StageChoice::One(stage) => request.stage == stage,
        }
    }

    const fn takes_due(&self, request: &QueuedRequest<'_>) -> bool {
        match self.due {
            DueChoice::All => true,
            DueChoice::Overdue => request.overdue,
            DueChoice::Soon => request.is_due_soon(),
        }
    }

    fn takes_person(&self, request: &QueuedRequest<'_>) -> bool {
        match &self.whose {
            Whose::Everybody => true,
            Whose::Nobody => request.assignee.is_none(),
            Whose::Person(id) => request.assignee == Some(id),
        }
    }

    /// Whether the queue shows the request.
    pub(crate) fn shows(&self, request: &QueuedRequest<'_>) -> bool {
        self.takes_stage(request) && self.takes_due(request) && self.takes_person(request)
    }

    /// How many requests each choice would show, of those of the chosen person.
    pub(crate) fn counts<'a>(&self, all: impl Iterator<Item = QueuedRequest<'a>>) -> QueueCounts {
        let mut counts = QueueCounts::default();
        for request in all.filter(|one| !one.practice && self.takes_person(one)) {
            if self.takes_due(&request) {
                counts.all += 1;
                counts.open += usize::from(request.stage != Stage::Closed);
                *counts.stages.entry(request.stage).or_default() += 1;
            }
            if self.takes_stage(&request) {
                counts.overdue += usize::from(request.overdue);
                counts.soon += usize::from(request.is_due_soon());
            }
        }
        counts
    }
}

/// How many requests each choice would show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct QueueCounts {
    pub(crate) open: usize,
    pub(crate) all: usize,
    pub(crate) soon: usize,
    pub(crate) overdue: usize,
    #[cfg_attr(test, ts(type = "Partial<Record<Stage, number>>"))]
    pub(crate) stages: BTreeMap<Stage, usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: QueuedRequest<'static> = QueuedRequest {
        stage: Stage::InReview,
        overdue: false,
        days_left: 9,
        practice: false,
        assignee: Some("ada"),
    };

    fn list() -> Vec<QueuedRequest<'static>> {
        vec![
            ONE,
            QueuedRequest {
                days_left: 3,
                assignee: None,
                ..ONE
            },
            QueuedRequest {
                days_left: -1,
                overdue: true,
                ..ONE
            },
            QueuedRequest {
                days_left: -5,
                stage: Stage::HandedOver,
                ..ONE
            },
            QueuedRequest {
                stage: Stage::Closed,
                days_left: 1,
                ..ONE
            },
            QueuedRequest {
                days_left: -9,
                practice: true,
                ..ONE
            },
        ]
    }

    /// Goal: each choice counts what it would show. Control: practice counts nowhere, and what was
    /// answered is not due.
    #[test]
    fn each_choice_counts_what_it_would_show() {
        let counts = QueueChoice::default().counts(list().into_iter());
        assert_eq!((counts.open, counts.all), (4, 5));
        assert_eq!((counts.soon, counts.overdue), (1, 1));
        assert_eq!(counts.stages[&Stage::InReview], 3);
        let overdue = QueueChoice {
            due: DueChoice::Overdue,
            ..QueueChoice::default()
        };
        assert_eq!(overdue.counts(list().into_iter()).open, 1);
        assert_eq!(list().iter().filter(|one| overdue.shows(one)).count(), 1);
        let nobody = QueueChoice {
            whose: Whose::Nobody,
            ..QueueChoice::default()
        };
        assert_eq!(nobody.counts(list().into_iter()).all, 1);
        let practice = |one: &&QueuedRequest<'_>| QueueChoice::default().shows(one) && one.practice;
        assert_eq!(
            list().iter().filter(practice).count(),
            1,
            "its owner sees it"
        );
    }

    #[test]
    fn a_stage_is_read_as_the_address_has_it() {
        let read = |text: &str| serde_json::from_value::<StageChoice>(text.into()).ok();
        assert_eq!(read("open"), Some(StageChoice::Open));
        assert_eq!(read("all"), Some(StageChoice::All));
        assert_eq!(
            read("handed_over"),
            Some(StageChoice::One(Stage::HandedOver))
        );
        assert_eq!(read("nonsense"), None);
    }
}
