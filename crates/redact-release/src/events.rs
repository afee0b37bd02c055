//! What jobs add to the events that record them.

use redact_jail::JailLevel;
use redact_record::events::EventDraft;

/// Adds how well the process that decoded was confined.
pub fn describe_jail(event: &mut EventDraft, level: JailLevel) {
    event.count("landlock", level.landlock_abi as usize);
    event.label("seccomp", if level.seccomp { "on" } else { "off" });
}
