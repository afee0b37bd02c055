//! Changes of a request as its history and the event log show them.

use serde::{Deserialize, Serialize};

/// A field with its old and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FieldChange {
    /// As the API spells it.
    pub(crate) field: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The fields that differ.
pub(crate) fn changes(fields: &[(&str, String, String)]) -> Vec<FieldChange> {
    let differing = fields.iter().filter(|(_, from, to)| from != to);
    differing
        .map(|(field, from, to)| FieldChange {
            field: (*field).to_owned(),
            from: from.clone(),
            to: to.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let fields = [
            ("number", "1".to_owned(), "1".to_owned()),
            ("due_on", "2026-11-30".to_owned(), "2026-12-01".to_owned()),
        ];
        let found = changes(&fields);
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].field, &*found[0].to), ("due_on", "2026-12-01"));
    }
}
