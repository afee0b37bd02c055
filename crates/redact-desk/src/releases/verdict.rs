//! What a check of a release came to, in the page's words.

use serde::Serialize;
use serde_json::Value;

/// One thing that was looked at, or not.
#[derive(Debug, Serialize)]
struct Check {
    group: String,
    name: String,
    status: &'static str,
    evidence: String,
}

/// What a check of a release came to.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(super) ok: bool,
    checks: Vec<Check>,
}

/// What `redact verify --json` prints, in the page's words.
pub(crate) fn verdict(value: &Value) -> Verdict {
    let word = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut checks: Vec<Check> = list("checks")
        .iter()
        .map(|entry| Check {
            group: word(entry, "group"),
            name: word(entry, "name"),
            status: if entry["passed"] == true {
                "ok"
            } else {
                "wrong"
            },
            evidence: word(entry, "evidence"),
        })
        .collect();
    // No check is no verdict: what cannot be read is never ok.
    let ok = !checks.is_empty() && checks.iter().all(|check| check.status == "ok");
    checks.extend(list("not_checked").iter().map(|entry| Check {
        group: word(entry, "group"),
        name: word(entry, "name"),
        status: "not_checked",
        evidence: word(entry, "why"),
    }));
    Verdict { ok, checks }
}

/// The verdict on what could not even be read.
pub(crate) fn unreadable(why: &str) -> Verdict {
    let check = Check {
        group: "file".to_owned(),
        name: "can be checked".to_owned(),
        status: "wrong",
        evidence: why.to_owned(),
    };
    Verdict {
        ok: false,
        checks: vec![check],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nothing_was_checked_of_is_not_ok() {
        assert!(!verdict(&json!({})).ok);
        assert!(!verdict(&json!({ "checks": [] })).ok);
        let check = json!({ "group": "a", "name": "b", "passed": true, "evidence": "c" });
        assert!(verdict(&json!({ "checks": [check] })).ok);
        let wrong = json!({ "group": "a", "name": "b", "passed": false, "evidence": "c" });
        assert!(!verdict(&json!({ "checks": [check, wrong] })).ok);
    }
}
