//! Output to the terminal.

use std::io::Write as _;

/// Prints one line to standard output. A closed pipe (`redact-verify … | head`) is not an error.
pub(crate) fn print_line(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}
