//! One check of a release, with the figures it rests on.

/// What was checked, whether it held, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked, as reports and tables spell it.
    pub name: &'static str,
    /// Whether it held everywhere.
    pub passed: bool,
    /// Figures: how much was checked, the worst of it and where; the first failures by place.
    pub evidence: String,
}

/// How many failures are named one by one; the rest are counted.
const NAMED_MAX: usize = 8;

/// Failures of one check: all counted, the first few named, so that a recording in which
/// everything is wrong does not fill the memory.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    count: u64,
    named: Vec<String>,
}

impl Failures {
    /// Counts a failure; `name` is called only while failures are named.
    pub(crate) fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(name());
        }
    }

    /// Whether nothing failed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes over what another part of the work counted.
    pub(crate) fn append(&mut self, other: Self) {
        self.count += other.count;
        let room = NAMED_MAX - self.named.len();
        self.named.extend(other.named.into_iter().take(room));
    }

    /// The verdict: passed when nothing failed. `figures` come first in the evidence.
    pub(crate) fn into_check(self, name: &'static str, figures: String) -> Check {
        let mut evidence = figures;
        if self.count > 0 {
            evidence.push_str(&format!("; {} failed: ", self.count));
            evidence.push_str(&self.named.join(", "));
            if self.count > self.named.len() as u64 {
                evidence.push_str(", and more");
            }
        }
        Check {
            name,
            passed: self.count == 0,
            evidence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_all_counted_and_only_the_first_are_named() {
        let mut failures = Failures::default();
        let mut others = Failures::default();
        for i in 0..10 {
            failures.add(|| format!("a{i}"));
            others.add(|| format!("b{i}"));
        }
        failures.append(others);
        let check = failures.into_check("masks", "20 measured".into());
        assert!(!check.passed);
        assert!(check.evidence.starts_with("20 measured; 20 failed: a0, a1"));
        assert!(check.evidence.ends_with("a7, and more"));
        assert!(
            Failures::default()
                .into_check("masks", String::new())
                .passed
        );
    }
}
