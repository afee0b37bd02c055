//! Names of this machine and of the user who runs this program, for the event log.

use redact_record::events::fit_name;

/// The user that this process runs as, by the system's word and not the environment's: its name
/// in the system's list, or its number.
pub(crate) fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(process) = std::fs::metadata("/proc/self") else {
        return "unknown".to_owned();
    };
    let number = process.uid().to_string();
    // passwd(5): name, password, user's number, …
    let named = std::fs::read_to_string("/etc/passwd")
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number).then(|| name.to_owned())
        });
    named.unwrap_or_else(|| format!("user {number}"))
}

/// This machine's name.
pub(crate) fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
}

/// Where this process runs, and as whom, as the event log has it.
pub(crate) fn user_at_machine() -> String {
    fit_name(&format!("{}@{}", user(), machine()))
}
