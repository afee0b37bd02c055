//! Output for the person or program that called.

use std::io::Write as _;

/// Prints one line to standard output. A reader that went away (`redact-verify … | head`) is no
/// failure.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}
