//! `redact package`.

use std::path::PathBuf;

use clap::Args;
use time::Date;
use time::format_description::well_known::Iso8601;

/// `redact package`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact package --request-file R.toml a.redacted.mp4 b.redacted.mp4 --profile public -o case-17.zip
  redact package --request-file R.toml *.redacted.mp4 --profile court-500mb -o case-17.iso
  redact package --request-file R.toml *.redacted.mp4 --profile prosecutor \\
    --passphrase-file phrase.txt -o case-17.zip.age
  redact verify case-17.zip                            checks the package, as the recipient does

The ending of the output decides the form: .zip, .iso (a disc image), either followed by .age for an
encrypted package, or a folder. Releases become exhibits in the order in which they are given.

All releases must be of the request in the request file, hold up to their checks, and not be
superseded. The package is made whole or not at all. The same releases give the same package again,
byte for byte, before encryption.

A passphrase is taken from --passphrase-file or from REDACT_PACKAGE_PASSPHRASE, never from the
command line, which other users of the computer can read.")]
pub(crate) struct PackageArgs {
    /// The releases, in the order of their exhibits
    #[arg(required = true, value_name = "RELEASE")]
    pub releases: Vec<PathBuf>,

    /// The request that they answer (TOML; see policies/README.md)
    #[arg(long, value_name = "FILE")]
    pub request_file: PathBuf,

    /// The transmittal profile: public, press, court-500mb, prosecutor, other-agency, one of this
    /// office, or a file (see transmittals/README.md)
    #[arg(long, value_name = "NAME")]
    pub profile: String,

    /// Where to write the package: a folder, or a file ending in .zip, .iso, .zip.age or .iso.age
    #[arg(long, short, value_name = "PATH")]
    pub output: PathBuf,

    /// Encrypt the package with the passphrase on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipient", "no_encryption"])]
    pub passphrase_file: Option<PathBuf>,

    /// Encrypt the package to this public key (age1…; may be repeated)
    #[arg(long, value_name = "KEY", conflicts_with = "no_encryption")]
    pub recipient: Vec<String>,

    /// Do not encrypt the package, even if the profile requires it
    #[arg(long)]
    pub no_encryption: bool,

    /// The verifier to include, if the profile has one (default: the verify.html that `make
    /// checker` built)
    #[arg(long, value_name = "FILE", conflicts_with = "no_verifier")]
    pub verifier: Option<PathBuf>,

    /// Leave the verifier out
    #[arg(long)]
    pub no_verifier: bool,

    /// File or folder with findings, for a profile that includes them (may be repeated; default:
    /// the folders of the releases)
    #[arg(long, value_name = "PATH")]
    pub findings: Vec<PathBuf>,

    /// Agency that sends the package (default: the one in the request file)
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,

    /// Date of the letters (default: the day on which the newest release was made)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub dated: Option<Date>,

    /// Scan every byte of the releases for leaks again, by the rules of this version
    #[arg(long)]
    pub scan: bool,

    /// Secret signing key (default: the one that `redact key new` made)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Replace a package of the same name
    #[arg(long)]
    pub force: bool,
}

fn parse_date(text: &str) -> Result<Date, String> {
    let date = Date::parse(text, &Iso8601::DATE).ok();
    date.ok_or_else(|| "expected a date like 2026-12-01".to_owned())
}
