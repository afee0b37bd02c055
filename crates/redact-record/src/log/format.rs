//! Times and classes in the redaction log.

use crate::manifest::{ClassName, PublicManifest, Seconds};

/// When the manifest was made: UTC, and the agency's time where the manifest has it.
pub(super) fn created(manifest: &PublicManifest) -> String {
    let utc = manifest.created.readable();
    match manifest.terms.local(manifest.created) {
        Some(local) => format!("{utc}; local time {local}"),
        None => utc,
    }
}

/// `0:07.5`, `12:00.0`, `1:02:03.4`: rounded down to tenths.
pub(super) fn clock(seconds: Seconds) -> String {
    let tenths = seconds.0.unsigned_abs() / 100_000_000;
    let sign = if seconds.0 < 0 && tenths > 0 {
        "−"
    } else {
        ""
    };
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{rest:02}.{tenth}")
    } else {
        format!("{sign}{minutes}:{rest:02}.{tenth}")
    }
}

/// A class as a heading.
pub(super) const fn plural(class: ClassName) -> &'static str {
    match class {
        ClassName::Face => "Faces",
        ClassName::Plate => "Plates",
        ClassName::Screen => "Screens",
        ClassName::Vehicle => "Vehicles",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nanos: i64, text: &str) {
        assert_eq!(clock(Seconds(nanos)), text);
    }

    #[test]
    fn times_are_shown_as_in_a_player() {
        check(7_590_000_000, "0:07.5");
        check(720_000_000_000, "12:00.0");
        check(3_723_400_000_000, "1:02:03.4");
        check(-1_000_000_000, "−0:01.0");
        check(-5, "0:00.0");
    }
}
