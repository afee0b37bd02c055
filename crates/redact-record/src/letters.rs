//! Letters that an agency edits: templates in Markdown, filled in from typed values.
//!
//! A template is a file `NAME.md`: a header in TOML between two lines `+++`, then Markdown with
//! `MiniJinja` expressions (the syntax of Jinja2). Some are built in (`letters/`); a file of the
//! same name in the office's folder replaces one, and others are added. `letters/README.md`
//! describes the format and the values.
//!
//! A template cannot read a file, the clock or the environment. A value that it names and that does
//! not exist is an error, and so is an absent value that it prints. Values are text: Markdown in a
//! name is printed as it is.

mod escape;
mod markdown;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::RecordError;

pub use markdown::{Block, Span};
pub(crate) use markdown::{blocks, chapter_blocks};
pub use template::{LetterTemplate, TemplateOrigin};

/// Steps that a template may take. A letter on 200 exhibits takes about 30,000.
const STEPS_MAX: u64 = 5_000_000;
/// Maximum length of a letter in bytes.
pub(crate) const LETTER_BYTES_MAX: usize = 1 << 20;

const BUILT_IN: [(&str, &str); 14] = [
    (
        "cover-letter",
        include_str!("../../../letters/cover-letter.md"),
    ),
    (
        "exemption-letter",
        include_str!("../../../letters/exemption-letter.md"),
    ),
    (
        "request-acknowledgement",
        include_str!("../../../letters/request-acknowledgement.md"),
    ),
    (
        "request-appeals",
        include_str!("../../../letters/request-appeals.md"),
    ),
    (
        "request-closing",
        include_str!("../../../letters/request-closing.md"),
    ),
    (
        "request-cover",
        include_str!("../../../letters/request-cover.md"),
    ),
    (
        "request-denial",
        include_str!("../../../letters/request-denial.md"),
    ),
    (
        "request-estimate",
        include_str!("../../../letters/request-estimate.md"),
    ),
    (
        "request-extension",
        include_str!("../../../letters/request-extension.md"),
    ),
    (
        "request-invoice",
        include_str!("../../../letters/request-invoice.md"),
    ),
    (
        "request-no-records",
        include_str!("../../../letters/request-no-records.md"),
    ),
    (
        "request-opening",
        include_str!("../../../letters/request-opening.md"),
    ),
    (
        "request-partial-denial",
        include_str!("../../../letters/request-partial-denial.md"),
    ),
    (
        "viewing-instructions",
        include_str!("../../../letters/viewing-instructions.md"),
    ),
];

/// A letter with its values filled in: what a person may still edit before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The name of its template.
    pub name: String,
    /// What kind of letter it is, in a few words.
    pub title: String,
    /// The text in Markdown.
    pub text: String,
}

impl Letter {
    /// The parts of the letter, as they are laid out.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        blocks(&self.text)
    }

    /// Checks a text that a person edited.
    ///
    /// # Errors
    /// [`RecordError::Field`] for an empty text, one that is too long, or control characters.
    pub fn check(&self) -> Result<(), RecordError> {
        let odd = |character: char| {
            crate::is_invisible(character) && !matches!(character, '\n' | '\r' | '\t')
        };
        let found = if self.text.trim().is_empty() {
            "no text".to_owned()
        } else if self.text.len() > LETTER_BYTES_MAX {
            format!("{} bytes", self.text.len())
        } else if let Some(found) = self.text.chars().find(|character| odd(*character)) {
            format!("the character {}", found.escape_unicode())
        } else {
            return Ok(());
        };
        let expected =
            format!("text of at most {LETTER_BYTES_MAX} bytes without control characters");
        Err(RecordError::field(
            format!("letter {:?}", self.name),
            found,
            expected,
        ))
    }
}

/// The templates that an office uses, by name.
#[derive(Clone, Debug)]
pub struct LetterTemplates {
    templates: BTreeMap<String, LetterTemplate>,
}

impl LetterTemplates {
    /// The templates that are built in.
    ///
    /// # Errors
    /// Those of [`LetterTemplate::parse`]; never for the files of this project.
    pub fn built_in() -> Result<Self, RecordError> {
        let mut templates = BTreeMap::new();
        for (name, text) in BUILT_IN {
            let template = LetterTemplate::parse(name, text.as_bytes(), TemplateOrigin::BuiltIn)?;
            templates.insert(name.to_owned(), template);
        }
        Ok(Self { templates })
    }

    /// The built-in templates, and those of the office's folder, which take their place. A folder
    /// that does not exist is an empty one.
    ///
    /// # Errors
    /// [`RecordError::Letter`] names a file that cannot be read or is not a valid template.
    pub fn with_office(folder: &Path) -> Result<Self, RecordError> {
        let mut templates = Self::built_in()?;
        for (name, path) in template::files(folder)? {
            let template = LetterTemplate::read(&name, &path)?;
            templates.templates.insert(name, template);
        }
        templates.check()?;
        Ok(templates)
    }

    /// The templates in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &LetterTemplate> {
        self.templates.values()
    }

    /// The template of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&LetterTemplate> {
        self.templates.get(name)
    }

    /// The letter `name` with these values.
    ///
    /// # Errors
    /// [`RecordError::Letter`] if there is no such template, or with the template and line of what
    /// cannot be filled in.
    pub fn fill<V: Serialize>(&self, name: &str, values: &V) -> Result<Letter, RecordError> {
        let Some(template) = self.templates.get(name) else {
            let names: Vec<&str> = self.templates.keys().map(String::as_str).collect();
            return Err(RecordError::Letter {
                template: name.to_owned(),
                line: None,
                problem: format!("no such template; there are: {}", names.join(", ")),
                source: None,
            });
        };
        let environment = self.environment()?;
        let text = environment
            .get_template(name)
            .and_then(|compiled| compiled.render(Serde(values)))
            .map_err(|refused| self.refused(name, refused))?;
        let letter = Letter {
            name: name.to_owned(),
            title: template.title.clone(),
            text: tidy(&text),
        };
        letter.check()?;
        Ok(letter)
    }

    /// Checks the syntax of every template.
    fn check(&self) -> Result<(), RecordError> {
        self.environment().map(drop)
    }

    fn environment(&self) -> Result<Environment<'_>, RecordError> {
        let mut environment = Environment::new();
        environment.set_debug(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(STEPS_MAX));
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true);
        environment.set_syntax(
            syntax
                .build()
                .map_err(|refused| self.refused("", refused))?,
        );
        environment.set_auto_escape_callback(|_| AutoEscape::Custom(escape::MARKDOWN.into()));
        environment.set_formatter(escape::format);
        for (name, template) in &self.templates {
            environment
                .add_template(name, &template.body)
                .map_err(|refused| self.refused(name, refused))?;
        }
        Ok(environment)
    }

    /// The error of the engine with the line of the file, and without its excerpts of the template.
    fn refused(&self, name: &str, refused: minijinja::Error) -> RecordError {
        let refused = innermost(&refused);
        let template = refused.name().unwrap_or(name).to_owned();
        let first = self
            .templates
            .get(&template)
            .map_or(0, |known| known.first_line);
        let problem = match (refused.kind(), refused.detail()) {
            (ErrorKind::UndefinedError, Some(detail)) => format!("unknown value: {detail}"),
            (ErrorKind::UndefinedError, None) => match snippet(refused) {
                Some(code) => format!("unknown value: {code}"),
                None => "unknown value".to_owned(),
            },
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        RecordError::Letter {
            line: refused.line().map(|line| line + first),
            template,
            problem,
            source: None,
        }
    }
}

/// The error itself, where it occurred in a template that another one includes.
fn innermost(refused: &minijinja::Error) -> &minijinja::Error {
    let mut inner = refused;
    while let Some(cause) = std::error::Error::source(inner)
        .and_then(|cause| cause.downcast_ref::<minijinja::Error>())
        .filter(|cause| cause.name().is_some())
    {
        inner = cause;
    }
    inner
}

/// The part of the template that an error is about.
fn snippet(refused: &minijinja::Error) -> Option<String> {
    let code = refused.template_source()?.get(refused.range()?)?;
    Some(format!("{:?}", code.trim()))
}

/// The text without trailing spaces of a value and with one empty line between paragraphs.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(line.is_empty() && tidy.is_empty()) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}
