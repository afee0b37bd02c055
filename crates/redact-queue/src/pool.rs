//! Pools: machines that give the same bytes for the same chunk of a scan.

use redact_core::Digest;

use crate::files::digest_bytes;

/// What a chunk's bytes depend on besides its plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    /// The program's version.
    pub version: String,
    /// The set of models, as a digest or a name.
    pub models: String,
    /// The processor's features.
    pub cpu: String,
}

impl PoolKey {
    /// The pool's name in the queue. The database derives the same from the three texts.
    #[must_use]
    pub fn id(&self) -> Digest {
        let text = format!("{}\n{}\n{}", self.version, self.models, self.cpu);
        digest_bytes(text.as_bytes())
    }

    /// How `other` differs, in words; empty if it does not.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("other version", self.version != other.version),
            ("other models", self.models != other.models),
            ("other CPU", self.cpu != other.cpu),
        ];
        let differing = parts.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(words, _)| words).collect()
    }
}

/// A pool with live workers that a job cannot use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPool {
    /// What its machines have in common.
    pub key: PoolKey,
    /// How many of its workers are alive.
    pub workers: u32,
    /// Why its workers get no chunk of this job.
    pub reasons: Vec<&'static str>,
}

/// The pool for a job, and those that are not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolChoice {
    /// The pool, and how many of its workers are alive; `None` if no live worker can do the job.
    pub pool: Option<(PoolKey, u32)>,
    /// The others.
    pub others: Vec<OtherPool>,
}

impl PoolChoice {
    /// Chooses among pools with live workers: version and models must be the submitter's, and the
    /// pool with most workers wins; of equal ones, the submitter's own.
    #[must_use]
    pub(crate) fn among(own: &PoolKey, live: Vec<(PoolKey, u32)>) -> Self {
        let usable = |key: &PoolKey| key.version == own.version && key.models == own.models;
        let best = live.iter().filter(|(key, _)| usable(key));
        let best = best
            .max_by_key(|(key, workers)| (*workers, key == own, key.id()))
            .cloned();
        let chosen = best.as_ref().map_or(own, |(key, _)| key);
        let others = live.iter().filter(|(key, _)| key != chosen);
        let others = others.map(|(key, workers)| {
            let mut reasons = own.differences(key);
            if usable(key) {
                reasons = chosen.differences(key);
            }
            OtherPool {
                key: key.clone(),
                workers: *workers,
                reasons,
            }
        });
        Self {
            others: others.collect(),
            pool: best,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PoolChoice, PoolKey};

    fn key(version: &str, models: &str, cpu: &str) -> PoolKey {
        PoolKey {
            version: version.to_owned(),
            models: models.to_owned(),
            cpu: cpu.to_owned(),
        }
    }

    /// Goal: a chunk never goes to machines that would give other bytes than the submitter's
    /// program, and every pool that is passed over is named with its reason.
    #[test]
    fn the_largest_pool_of_this_version_and_these_models_is_chosen() {
        let own = key("1", "m", "avx2");
        let live = vec![
            (key("2", "m", "avx2"), 50),
            (key("1", "n", "avx512"), 40),
            (key("1", "m", "avx512"), 3),
            (own.clone(), 2),
        ];
        let choice = PoolChoice::among(&own, live);
        assert_eq!(choice.pool, Some((key("1", "m", "avx512"), 3)));
        let reasons: Vec<_> = choice.others.iter().map(|o| o.reasons.join(", ")).collect();
        assert_eq!(
            reasons,
            ["other version", "other models, other CPU", "other CPU"]
        );
    }

    /// Control: of two equal pools the submitter's own wins, and without a usable one none is
    /// chosen.
    #[test]
    fn equal_pools_and_none() {
        let own = key("1", "m", "avx2");
        let live = vec![(key("1", "m", "zzz"), 2), (own.clone(), 2)];
        assert_eq!(PoolChoice::among(&own, live).pool, Some((own.clone(), 2)));
        let choice = PoolChoice::among(&own, vec![(key("2", "m", "avx2"), 9)]);
        assert_eq!(choice.pool, None);
        assert_eq!(choice.others.len(), 1);
    }

    /// Goal: the parts cannot be shifted into each other.
    #[test]
    fn the_id_depends_on_every_part() {
        let id = key("1", "m", "c").id();
        for other in [key("1m", "", "c"), key("1", "mc", ""), key("1", "m", "d")] {
            assert_ne!(other.id(), id);
        }
        assert_eq!(key("1", "m", "c").id(), id);
    }
}
