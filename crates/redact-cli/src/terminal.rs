//! What this program prints.

use std::io::Write as _;

/// Prints one line to standard error.
pub(crate) fn warn_line(line: &str) {
    // Nothing is left to do when standard error is gone.
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Prints one line to standard output. A reader that went away (`redact … | head`) is no failure.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}

/// Starts the log on standard error; `$REDACT_LOG` says what is logged, otherwise warnings, or
/// errors alone where a person asked for quiet.
pub(crate) fn start_logging(quiet: bool) {
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::prelude::*;
    let level = if quiet { "error" } else { "warn" };
    let wanted = std::env::var("REDACT_LOG").ok();
    let wanted = wanted.and_then(|wanted| wanted.parse::<Targets>().ok());
    let filter = wanted.or_else(|| level.parse().ok()).unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}
