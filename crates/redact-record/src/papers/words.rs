//! Lengths, sizes, days and totals as the papers of a package print them.

use time::Date;

use crate::json::Seconds;
use crate::package::{Exhibit, FileRole, Withheld};

/// `November 29, 2026`.
#[must_use]
pub fn day(day: Date) -> String {
    format!("{} {}, {}", day.month(), day.day(), day.year())
}

/// `0:00:12`, `1:02:03`: rounded to the nearest second.
#[must_use]
pub fn length(seconds: Seconds) -> String {
    let whole = seconds.0.max(0).saturating_add(500_000_000) / 1_000_000_000;
    format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// `1.4 MB`: decimal units, as file managers show them, with the exact number where it is small.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    let unit = UNITS.into_iter().find(|(_, size)| bytes >= *size);
    let Some((name, size)) = unit else {
        return format!("{bytes} bytes");
    };
    let tenths = (u128::from(bytes) * 10 + u128::from(size) / 2) / u128::from(size);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// What a recording is called: its file name, or its exhibit's number where the profile withholds
/// names; and whether the release is an excerpt.
#[must_use]
pub fn exhibit_name(exhibit: &Exhibit) -> String {
    let name = match &exhibit.source_name {
        Some(name) => name.clone(),
        None => format!("Recording {}", exhibit.number),
    };
    match exhibit.withheld.iter().any(|row| row.0.left_out > 0) {
        true => format!("{name} (excerpt)"),
        false => name,
    }
}

/// `3 areas of the picture (0:01:10), 1 span of sound (0:00:04) and 2 parts of the recording
/// (0:12:30)`.
#[must_use]
pub fn withheld(row: &Withheld) -> String {
    let part = |count: u32, one: &str, many: &str, time: Seconds| {
        let noun = if count == 1 { one } else { many };
        (count > 0).then(|| format!("{count} {noun} ({})", time_of(time)))
    };
    let parts = [
        part(
            row.masks,
            "area of the picture",
            "areas of the picture",
            row.picture_seconds,
        ),
        part(
            row.mutes,
            "span of sound",
            "spans of sound",
            row.sound_seconds,
        ),
        part(
            row.left_out,
            "part of the recording",
            "parts of the recording",
            row.left_out_seconds,
        ),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

/// A length that is never rounded to nothing.
fn time_of(seconds: Seconds) -> String {
    match seconds.0 {
        0..1_000_000_000 => "under 1 s".to_owned(),
        _ => length(seconds),
    }
}

/// What a file of a package is, for a link to it.
pub(super) const fn role(role: FileRole) -> &'static str {
    match role {
        FileRole::Release => "Video",
        FileRole::Manifest => "Manifest",
        FileRole::Signature => "Manifest signature",
        FileRole::WholeManifest => "Manifest of the whole recording",
        FileRole::WholeSignature => "Signature of that manifest",
        FileRole::TimeStamp => "Time stamp",
        FileRole::Log => "Redaction log",
        FileRole::Captions => "Captions",
        FileRole::Transcript => "Transcript",
        FileRole::SealedManifest => "Sealed manifest",
        FileRole::SealedSignature => "Sealed manifest signature",
        FileRole::Findings => "Findings",
        FileRole::Index => "Index",
        FileRole::CoverLetter => "Cover letter",
        FileRole::ExemptionLetter => "Exemption letter",
        FileRole::Instructions => "Viewing instructions",
        FileRole::Checker => "Checker",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_read_well() {
        assert_eq!(length(Seconds(0)), "0:00:00");
        assert_eq!(length(Seconds(3_723_500_000_000)), "1:02:04");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_449_999), "1.4 MB");
        assert_eq!(bytes(500_000_000), "500.0 MB");
        assert_eq!(bytes(5_050_000_000), "5.1 GB");
        let date = Date::from_calendar_date(2026, time::Month::March, 7).unwrap();
        assert_eq!(day(date), "March 7, 2026");
    }

    #[test]
    fn totals_are_a_sentence() {
        let row = Withheld {
            reason: "x".into(),
            statute: "S".into(),
            text: "T".into(),
            masks: 1,
            picture_seconds: Seconds(1),
            mutes: 2,
            sound_seconds: Seconds(4_000_000_000),
            left_out: 0,
            left_out_seconds: Seconds(0),
        };
        let both = "1 area of the picture (under 1 s) and 2 spans of sound (0:00:04)";
        assert_eq!(withheld(&row), both);
        let one = Withheld {
            masks: 0,
            ..row.clone()
        };
        assert_eq!(withheld(&one), "2 spans of sound (0:00:04)");
        let excerpt = Withheld {
            left_out: 2,
            left_out_seconds: Seconds(750_000_000_000),
            ..row
        };
        let all = "1 area of the picture (under 1 s), 2 spans of sound (0:00:04) and 2 parts of \
                   the recording (0:12:30)";
        assert_eq!(withheld(&excerpt), all);
    }
}
