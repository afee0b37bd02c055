//! Strict JSON: bounded, one kind and version per file, exact times, rows on one line.
//!
//! File structs reject unknown and duplicate keys (`deny_unknown_fields`, no maps), and the parser
//! rejects nesting deeper than 128. Errors give the value's path.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use redact_core::{Digest, UtcNanos};

use crate::RecordError;

/// Maximum size of a record. Two hours with 30 tracks in every frame take about 400 MB.
pub(crate) const BYTES_MAX: u64 = 1 << 30;

/// A kind of working file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileKind {
    /// The value of its `file` key.
    pub(crate) name: &'static str,
    /// The only `format_version` that is read and written.
    pub(crate) version: u32,
}

impl FileKind {
    /// Checks kind and version before strict parsing, which would reject a newer version with a
    /// misleading error.
    pub(crate) fn check(self, bytes: &[u8]) -> Result<(), RecordError> {
        #[derive(Deserialize)]
        struct Header {
            file: String,
            format_version: u64,
        }
        let header: Header = parse(bytes)?;
        if header.file != self.name {
            return Err(RecordError::OtherKind {
                found: header.file,
                expected: self.name,
            });
        }
        check_version(header.format_version, self.version)
    }
}

/// Rejects every version except `supported`.
pub(crate) fn check_version(found: u64, supported: u32) -> Result<(), RecordError> {
    match found.cmp(&u64::from(supported)) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(RecordError::NewerVersion {
            found: found.to_string(),
            supported: supported.to_string(),
        }),
        std::cmp::Ordering::Less => Err(RecordError::field(
            "format_version",
            found,
            supported.to_string(),
        )),
    }
}

/// Parses `bytes` as exactly one JSON value.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value =
        serde_path_to_error::deserialize(&mut reader).map_err(|refused| RecordError::Syntax {
            at: refused.path().to_string(),
            source: Box::new(refused.into_inner()),
        })?;
    reader.end().map_err(|source| RecordError::Syntax {
        at: ".".into(),
        source: Box::new(source),
    })?;
    Ok(value)
}

/// Pretty-printed JSON with a final line break.
pub(crate) fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .expect("file structs have string keys and finite numbers only");
    bytes.push(b'\n');
    bytes
}

/// JSON without white space, the form that is digested and signed.
pub(crate) fn compact<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("file structs have string keys and finite numbers only")
}

/// A value written on one line of a pretty-printed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transparent))]
pub struct OneLine<T>(pub T);

impl<T: Serialize> Serialize for OneLine<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::value::to_raw_value(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneLine<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// A SHA-256 digest as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub Digest);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Each digest has exactly one spelling, in lower case.
        Digest::from_hex(&text)
            .filter(|digest| digest.to_string() == text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected 64 lower-case hexadecimal digits"))
    }
}

/// A UTC time as RFC 3339 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub UtcNanos);

impl std::fmt::Display for Utc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // All times that 64 bits of nanoseconds can express (1677 to 2262) are representable.
        let text = OffsetDateTime::from_unix_timestamp_nanos(self.0.0.into())
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .ok_or(std::fmt::Error)?;
        f.write_str(&text)
    }
}

impl Utc {
    /// For people, to the second: `2026-03-01 10:15:00 UTC`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn readable(self) -> String {
        let text = self.to_string();
        let seconds = text.get(..19).unwrap_or(&text);
        format!("{} UTC", seconds.replace('T', " "))
    }

    /// Parses what [`Utc`] prints; `None` for other time zones, years outside 1677 to 2262 and
    /// other text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let nanos = i64::try_from(moment.unix_timestamp_nanos()).ok()?;
        text.ends_with('Z').then_some(Self(UtcNanos(nanos)))
    }
}

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text)
            .ok_or_else(|| D::Error::custom("expected a time in UTC like 2026-01-31T08:30:00Z"))
    }
}

/// Nanoseconds as a decimal number of seconds, exact: `12.5`, `-0.000000001`.
///
/// Read and written as text, because a binary fraction cannot express every nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub i64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (whole, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:09}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Seconds {
    /// Parses a decimal number with at most nine decimal places; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fine = fraction.trim_end_matches('0');
        if !digits(whole) || !digits(fraction) || fine.len() > 9 {
            return None;
        }
        let whole: i128 = whole.parse::<i64>().ok()?.into();
        let nanos = whole * 1_000_000_000 + format!("{fine:0<9}").parse::<i128>().ok()?;
        i64::try_from(if negative { -nanos } else { nanos })
            .ok()
            .map(Self)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_text(raw.get()).ok_or_else(|| {
            D::Error::custom(
                "expected seconds as a decimal number with at most nine decimal places",
            )
        })
    }
}

/// Whether a character is invisible and changes the order in which others are displayed, so that a
/// page would differ from the record. Source: Unicode Standard Annex 9, table 1.
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is invisible and changes how text is displayed: control characters, and
/// those that change the reading direction.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control() || changes_direction(character)
}

/// `text` with invisible characters escaped (`\u{202e}`): a file may have any name, and a page must
/// show it as it is.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Rejects text that is empty, has invisible characters or is longer than `max` bytes.
pub(crate) fn check_text(field: &str, text: &str, max: usize) -> Result<(), RecordError> {
    let blank = text.trim().is_empty();
    if blank || text.len() > max || text.chars().any(is_invisible) {
        let found = if blank {
            "empty text".to_owned()
        } else {
            format!("{text:.40?}")
        };
        let expected = format!("text of 1 to {max} bytes without control characters");
        return Err(RecordError::field(field, found, expected));
    }
    Ok(())
}

/// JSON Schema of the types that are parsed by hand.
#[cfg(test)]
mod schema {
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Hex, Seconds, Utc};

    macro_rules! described {
        ($type:ty, $name:literal, $schema:tt) => {
            impl JsonSchema for $type {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    $name.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        };
    }

    described!(Hex, "Sha256", {
        "description": "A SHA-256 digest in lower-case hexadecimal digits.",
        "type": "string",
        "pattern": "^[0-9a-f]{64}$"
    });
    described!(Utc, "UtcTime", {
        "description": "A UTC time as RFC 3339 text.",
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$"
    });
    described!(Seconds, "Seconds", {
        "description": "Seconds, exact to the nanosecond: a number with up to nine decimal places.",
        "type": "number"
    });
    described!(crate::file::plan::SoundTracks, "SoundTracks", {
        "description": "All sound tracks, or the sound tracks with these numbers, counted from 0.",
        "oneOf": [
            { "const": "all" },
            {
                "type": "array",
                "items": { "type": "integer", "minimum": 0 },
                "minItems": 1,
                "uniqueItems": true
            }
        ]
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, nanos: Option<i64>) {
        assert_eq!(Seconds::from_text(text).map(|seconds| seconds.0), nanos);
        let parsed = parse::<Seconds>(text.as_bytes())
            .ok()
            .map(|seconds| seconds.0);
        assert_eq!(parsed, nanos, "as JSON");
    }

    #[test]
    fn seconds_are_exact_or_refused() {
        check("12.5", Some(12_500_000_000));
        check("-0.000000001", Some(-1));
        check("0.1234567890", Some(123_456_789));
        check("0.1234567891", None);
        check("1e3", None);
        check("99999999999999999999", None);
        check("\"1\"", None);
        check("null", None);
        check("[1]", None);
    }

    #[test]
    fn only_utc_is_a_time() {
        assert!(Utc::from_text("2026-03-01T10:00:00.5Z").is_some());
        assert!(Utc::from_text("2026-03-01T10:00:00+01:00").is_none());
        assert!(Utc::from_text("9999-03-01T10:00:00Z").is_none());
        assert!(Utc::from_text("yesterday").is_none());
    }

    /// Goal: no name or reason makes a page display something other than the record.
    #[test]
    fn invisible_characters_are_refused() {
        for good in ["Ada Okafor", "عدا", "naïve 🚓"] {
            assert!(check_text("by", good, 40).is_ok(), "{good}");
        }
        for odd in [
            "Ada\u{202e}rofakO",
            "\u{2066}Ada",
            "Ada\n",
            "\u{1b}[2J",
            " ",
            "",
        ] {
            assert!(check_text("by", odd, 40).is_err(), "{odd:?}");
            assert!(odd.trim().is_empty() || check_text("by", &visible(odd), 40).is_ok());
        }
        assert_eq!(visible("a\u{202e}4pm.exe"), "a\\u{202e}4pm.exe");
        assert_eq!(visible("naïve 🚓"), "naïve 🚓");
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(1_000_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn every_nanosecond_comes_back(nanos: i64) {
            let text = Seconds(nanos).to_string();
            prop_assert_eq!(Seconds::from_text(&text), Some(Seconds(nanos)));
            let text = Utc(UtcNanos(nanos)).to_string();
            prop_assert_eq!(Utc::from_text(&text), Some(Utc(UtcNanos(nanos))));
        }
    }
}
