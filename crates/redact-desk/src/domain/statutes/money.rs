//! Amounts of dollars, exact to the cent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in cents, written as `"75.00"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub(crate) struct Money(pub(crate) u64);

/// Largest amount: a million dollars. Amounts and times below it cannot overflow.
const CENTS_MAX: u64 = 100_000_000;

impl Money {
    /// Reads `75`, `75.5` or `75.00`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (dollars, cents) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(dollars) || !digits(cents) || cents.len() > 2 || dollars.len() > 7 {
            return None;
        }
        let scale = if cents.len() == 1 { 10 } else { 1 };
        let cents = dollars.parse::<u64>().ok()? * 100 + cents.parse::<u64>().ok()? * scale;
        (cents <= CENTS_MAX).then_some(Self(cents))
    }

    /// This amount `numerator / denominator` times, rounded half up.
    pub(crate) fn times(self, numerator: u64, denominator: u64) -> Self {
        assert!(denominator > 0, "a rate per nothing");
        let (numerator, denominator) = (u128::from(numerator), u128::from(denominator));
        let doubled = u128::from(self.0) * numerator * 2 + denominator;
        Self(u64::try_from(doubled / (denominator * 2)).unwrap_or(u64::MAX))
    }

    /// The sum of both.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let expected = "expected dollars and cents such as \"75.00\", at most 1,000,000";
            serde::de::Error::custom(format!("amount {text:?}: {expected}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, cents) in [
            ("75", 7500),
            ("75.5", 7550),
            ("0.05", 5),
            ("1000000.00", 100_000_000),
        ] {
            assert_eq!(Money::read(text), Some(Money(cents)), "{text}");
        }
        for wrong in [
            "",
            "-1",
            "1,000",
            "1.234",
            ".5",
            "1.",
            "1e3",
            "1000000.01",
            "\u{661}",
        ] {
            assert_eq!(Money::read(wrong), None, "{wrong}");
        }
        assert_eq!(Money(7505).to_string(), "75.05");
        assert_eq!(Money(7500).times(95, 60), Money(11875));
        assert_eq!(Money(1).times(1, 2), Money(1), "half a cent is rounded up");
        assert_eq!(Money(1).times(1, 3), Money(0));
    }
}
