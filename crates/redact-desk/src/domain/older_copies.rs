//! Who has a copy of a release that was replaced, so that the office can send the new one.

use serde::Serialize;

use crate::id::Id;
use crate::model::Medium;
use crate::time::{self, Millis};

/// A recipient of a release that was replaced, with the newest version that they received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OlderCopy {
    pub(crate) to: String,
    pub(crate) medium: Medium,
    pub(crate) at: String,
    pub(crate) by: String,
    /// The release that they have.
    pub(crate) release: Id,
    pub(crate) title: String,
    pub(crate) recording_name: String,
    /// The package that it was in.
    pub(crate) package: Option<Id>,
    /// The newest version.
    pub(crate) newest: Id,
    /// Whether the newest version is verified and can be sent.
    pub(crate) newest_ready: bool,
    /// When the newest version was sent to them.
    pub(crate) sent_at: Option<String>,
}

/// A release of a request.
pub(crate) struct Version<'a> {
    pub(crate) id: &'a Id,
    pub(crate) replaced_by: Option<&'a Id>,
    pub(crate) title: &'a str,
    pub(crate) recording_name: &'a str,
    pub(crate) is_ready: bool,
}

/// A copy that was handed over.
pub(crate) struct Received<'a> {
    pub(crate) release: &'a Id,
    pub(crate) to: &'a str,
    pub(crate) medium: Medium,
    pub(crate) at: Millis,
    pub(crate) by: &'a str,
    pub(crate) package: Option<&'a Id>,
}

/// The newest version of a release.
fn newest<'a>(versions: &'a [Version<'a>], of: &'a Id) -> &'a Id {
    let mut newest = of;
    // A chain has at most as many links as there are versions.
    for _ in versions {
        let version = versions.iter().find(|version| version.id == newest);
        match version.and_then(|version| version.replaced_by) {
            Some(newer) => newest = newer,
            None => break,
        }
    }
    newest
}

/// A name as it identifies a recipient: people type it differently each time.
fn key(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// One entry per recipient and release, those who still need the newest version first.
pub(crate) fn older_copies(versions: &[Version<'_>], copies: &[Received<'_>]) -> Vec<OlderCopy> {
    let mut found: Vec<(Millis, String, OlderCopy)> = Vec::new();
    // From the newest, so that the first entry of a recipient is the latest that they have.
    let mut ordered: Vec<&Received<'_>> = copies.iter().collect();
    ordered.sort_by_key(|copy| std::cmp::Reverse(copy.at));
    for copy in ordered {
        let Some(version) = versions.iter().find(|version| version.id == copy.release) else {
            continue;
        };
        let newest = newest(versions, copy.release);
        let to = key(copy.to);
        let is_known = found
            .iter()
            .any(|(_, known, older)| *known == to && older.newest == *newest);
        if newest == copy.release || is_known {
            continue;
        }
        let sent = copies
            .iter()
            .filter(|sent| sent.release == newest && key(sent.to) == to)
            .map(|sent| sent.at)
            .min();
        let entry = OlderCopy {
            to: copy.to.to_owned(),
            medium: copy.medium,
            at: time::text(copy.at),
            by: copy.by.to_owned(),
            release: copy.release.clone(),
            title: version.title.to_owned(),
            recording_name: version.recording_name.to_owned(),
            package: copy.package.cloned(),
            newest: newest.clone(),
            newest_ready: versions.iter().any(|one| one.id == newest && one.is_ready),
            sent_at: sent.map(time::text),
        };
        found.push((copy.at, to, entry));
    }
    found.sort_by_key(|(at, _, older)| (older.sent_at.is_some(), std::cmp::Reverse(*at)));
    found.into_iter().map(|(_, _, older)| older).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version<'a>(id: &'a Id, replaced_by: Option<&'a Id>) -> Version<'a> {
        Version {
            id,
            replaced_by,
            title: "t",
            recording_name: "r",
            is_ready: true,
        }
    }

    fn copy<'a>(release: &'a Id, to: &'a str, at: Millis) -> Received<'a> {
        Received {
            release,
            to,
            medium: Medium::Mail,
            at,
            by: "ada",
            package: None,
        }
    }

    /// Goal: whoever has only an older version is listed once, with the latest that they have, and
    /// marked when the newest was sent. Control: who has the newest alone, or another release, is
    /// not listed.
    #[test]
    fn recipients_of_older_versions_are_listed_once() {
        let ids: Vec<Id> = (0..4).map(|_| Id::random()).collect();
        let [first, second, third, beside] = &ids[..] else {
            unreachable!()
        };
        let versions = [
            version(first, Some(second)),
            version(second, Some(third)),
            version(third, None),
            version(beside, None),
        ];
        let copies = [
            copy(first, "A. Reporter", 1),
            copy(second, "a.  reporter ", 2),
            copy(first, "Court", 3),
            copy(third, "court", 4),
            copy(third, "Late", 5),
            copy(beside, "Other", 6),
        ];
        let found = older_copies(&versions, &copies);
        let shown: Vec<_> = found
            .iter()
            .map(|one| (one.to.as_str(), &one.release, one.sent_at.is_some()))
            .collect();
        assert_eq!(
            shown,
            [("a.  reporter ", second, false), ("Court", first, true)]
        );
        assert!(
            found
                .iter()
                .all(|one| one.newest == *third && one.newest_ready)
        );
        assert!(older_copies(&versions[2..], &copies).is_empty());
    }
}
