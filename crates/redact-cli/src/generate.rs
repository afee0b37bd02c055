//! `redact generate`: man pages and completions, which packages install.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use redact_record::manual::EDITIONS;
use redact_record::papers::manual_pdf;

use crate::args::{Cli, GenerateArgs, Generated};
use crate::clock;
use crate::outcome::Outcome;

/// Writes what was asked for; replaces what is there.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn generate(args: &GenerateArgs) -> Result<Outcome> {
    let folder = &args.dir;
    let name = || folder.display().to_string();
    fs::create_dir_all(folder).with_context(name)?;
    match args.what {
        Generated::Man => {
            let mut command = Cli::command().disable_help_subcommand(true);
            command.build();
            write_pages(&command, folder)?;
        }
        Generated::Manual => {
            let program = concat!("Redact ", env!("CARGO_PKG_VERSION"));
            for edition in &EDITIONS {
                let path = folder.join(format!("redact-{}.pdf", edition.name));
                manual_pdf(edition, program, clock::now())
                    .map_err(anyhow::Error::from)
                    .and_then(|bytes| Ok(fs::write(&path, bytes)?))
                    .with_context(|| path.display().to_string())?;
            }
        }
        Generated::Completions => {
            let mut command = visible(&Cli::command());
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                clap_complete::generate_to(shell, &mut command, "redact", folder)
                    .with_context(name)?;
            }
        }
    }
    Ok(Outcome::Done)
}

/// Writes the page of `command`, and of every verb below it that its help lists.
fn write_pages(command: &Command, folder: &Path) -> Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        write_pages(verb, folder)?;
    }
    let man = Man::new(command.clone())
        .manual("Redact")
        .source(concat!("Redact ", env!("CARGO_PKG_VERSION")));
    let path = folder.join(man.get_filename());
    page(&man, command)
        .and_then(|page| fs::write(&path, page))
        .with_context(|| path.display().to_string())
}

/// The page of one verb.
fn page(man: &Man, command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(help) = command.get_after_help() {
        page.extend(after_help(&help.to_string()).into_bytes());
    }
    Ok(page)
}

/// The end of a verb's help, line by line as it is there: examples are commands, which must not be
/// filled like text.
fn after_help(help: &str) -> String {
    let mut roff = String::new();
    let heading = if help.starts_with("Examples:") {
        "EXAMPLES"
    } else {
        "NOTES"
    };
    // Writing to a string does not fail.
    writeln!(roff, ".SH {heading}\n.nf").ok();
    for line in help.trim_start_matches("Examples:\n").lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // A line that begins with a dot or an apostrophe would be a request.
        let guard = if line.starts_with(['.', '\'']) {
            "\\&"
        } else {
            ""
        };
        writeln!(roff, "{guard}{line}").ok();
    }
    roff.push_str(".fi\n");
    roff
}

/// `command` with only the verbs and options that its help lists.
fn visible(command: &Command) -> Command {
    // clap's names are static, and this process ends soon.
    let name: &'static str = command.get_name().to_owned().leak();
    let options = command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let about = command.get_about().cloned().unwrap_or_default();
    Command::new(name)
        .about(about)
        .args(options.cloned())
        .subcommands(verbs.map(visible))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: examples stay lines of their own and mean what they say. Control: text that groff
    /// would take for a request or an escape.
    #[test]
    fn examples_stay_as_they_are() {
        let page = after_help("Examples:\n  redact scan a\\b -o c\n.hidden\n'x");
        let expected = ".SH EXAMPLES\n.nf\n  redact scan a\\eb \\-o c\n\\&.hidden\n\\&'x\n.fi\n";
        assert_eq!(page, expected);
        assert!(after_help("Stop it with Ctrl-C.").starts_with(".SH NOTES\n"));
    }

    /// Goal: completions offer only what the help lists. Control: the grammar has more.
    #[test]
    fn hidden_verbs_and_options_are_left_out() {
        let all = Cli::command();
        let has = |command: &Command| {
            let verb = command
                .get_subcommands()
                .any(|verb| verb.get_name() == "generate");
            let option = |option: &clap::Arg| option.get_long() == Some("tethered");
            (verb, command.get_arguments().any(option))
        };
        assert_eq!(has(&all), (true, true));
        let shown = visible(&all);
        assert_eq!(has(&shown), (false, false));
        assert!(shown.find_subcommand("scan").is_some());
    }
}
