//! The features of a machine that may change a model's result: processor and libraries.

use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Context as _, Result};

/// What chunks of one scan must have in common besides models and program. The model runtime
/// chooses its code by the features of the processor, and rounds differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Architecture and features of the processor that numerical libraries use.
    pub processor: Vec<String>,
    /// Libraries that decode and run models, with their versions.
    pub libraries: Vec<String>,
}

impl Machine {
    /// This machine.
    ///
    /// - `runtime`: the library that runs models, if any does.
    ///
    /// # Errors
    /// When that library cannot be read.
    pub fn this(runtime: Option<&Path>) -> Result<Self> {
        let library = |(name, version): &(&str, String)| format!("{name} {version}");
        let mut libraries: Vec<String> = redact_media::versions().iter().map(library).collect();
        if let Some(path) = runtime {
            let mut go_on = |_, _| ControlFlow::Continue(());
            let (digest, _) = redact_record::digest_file(path, &mut go_on).in_file(path)?;
            libraries.push(format!("model runtime with SHA-256 {digest}"));
        }
        let processor = std::iter::once(std::env::consts::ARCH).chain(features());
        Ok(Self {
            processor: processor.map(str::to_owned).collect(),
            libraries,
        })
    }

    /// What differs from another machine, if anything does: what this one has, and the other one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<(String, String)> {
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            let only = these.iter().filter(|this| !those.contains(this));
            only.cloned().collect()
        };
        let lists = [
            (&self.processor, &other.processor),
            (&self.libraries, &other.libraries),
        ];
        let differing = lists.into_iter().find(|(these, those)| these != those);
        differing.map(|(these, those)| {
            let text = |list: Vec<String>| match list.is_empty() {
                true => "none of these".to_owned(),
                false => list.join(", "),
            };
            (text(only(these, those)), text(only(those, these)))
        })
    }
}

/// Adds the names of the features that the processor has.
macro_rules! detected {
    ($detect:ident: $($name:tt),+) => {{
        let all = [$(($name, std::arch::$detect!($name))),+];
        all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
    }};
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    detected!(
        is_x86_feature_detected: "ssse3", "sse4.1", "sse4.2", "popcnt", "avx", "avx2", "fma",
        "f16c", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512ifma",
        "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512bitalg", "avx512vpopcntdq",
        "avx512bf16", "avx512fp16", "avxvnni", "avxvnniint8", "avxifma"
    )
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    detected!(
        is_aarch64_feature_detected: "neon", "fp16", "dotprod", "i8mm", "bf16", "sve", "sve2"
    )
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a machine is like itself, and an error names what one of two has alone.
    #[test]
    fn only_what_differs_is_named() {
        let this = Machine::this(None).unwrap();
        assert_eq!(this.difference(&this), None);
        assert!(!this.libraries.is_empty());
        let mut other = this.clone();
        other.processor.push("avx1024".to_owned());
        let (found, expected) = this.difference(&other).unwrap();
        assert_eq!(
            (found.as_str(), expected.as_str()),
            ("none of these", "avx1024")
        );
    }
}
