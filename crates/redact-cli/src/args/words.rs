//! Arguments as words again, for other processes of this program.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;

/// The arguments of a process, in order.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<OsString>);

impl Words {
    /// One more word.
    pub(crate) fn word(mut self, word: impl Into<OsString>) -> Self {
        self.0.push(word.into());
        self
    }

    /// `--name=value`, if there is a value. In one word, because a value may begin with a hyphen.
    pub(crate) fn option(self, name: &str, value: Option<impl AsRef<OsStr>>) -> Self {
        let Some(value) = value else { return self };
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        self.word(word)
    }

    /// The same for a number.
    pub(crate) fn number(self, name: &str, value: Option<impl ToString>) -> Self {
        self.option(name, value.map(|number| number.to_string()))
    }

    /// The same for one of a list of values.
    pub(crate) fn choice(self, name: &str, value: &impl ValueEnum) -> Self {
        let value = value.to_possible_value();
        self.option(name, value.map(|value| value.get_name().to_owned()))
    }

    /// `--name`, if it is given.
    pub(crate) fn flag(self, name: &str, is_given: bool) -> Self {
        match is_given {
            true => self.word(format!("--{name}")),
            false => self,
        }
    }
}

impl IntoIterator for Words {
    type Item = OsString;
    type IntoIter = std::vec::IntoIter<OsString>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
