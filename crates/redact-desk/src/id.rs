//! Ids, and secret tokens that users carry.

use redact_core::hex;

/// 32 characters of `0-9a-f` from random bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
#[serde(transparent)]
#[sqlx(transparent)]
pub(crate) struct Id(String);

impl Id {
    /// A new id.
    ///
    /// # Panics
    /// If the system has no random bytes: ids would not be unique or secret.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(hex::encode(&bytes))
    }

    /// Parses an id; `None` if it is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text)
            .ok_or_else(|| serde::de::Error::custom("expected 32 characters of 0-9a-f"))
    }
}

/// A secret token: 64 hexadecimal characters, and its stored form.
pub(crate) struct Token {
    /// What the user receives.
    pub(crate) text: String,
    /// Its SHA-256, which is all that the database holds.
    pub(crate) stored: String,
}

impl Token {
    /// A new token.
    ///
    /// # Panics
    /// If the system has no random bytes.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let text = hex::encode(&bytes);
        let stored = Self::stored(&text);
        Self { text, stored }
    }

    /// The stored form of a token.
    pub(crate) fn stored(text: &str) -> String {
        redact_record::digest_bytes(text.as_bytes()).to_string()
    }
}

/// Decodes the output of [`hex::encode`].
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    text.len()
        .is_multiple_of(2)
        .then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_an_id() {
        assert!(Id::read(Id::random().as_str()).is_some());
        for text in [
            "",
            "..",
            "../../../../../../../etc/passwd0",
            "0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert!(Id::read(text).is_none(), "{text}");
        }
    }
}
