//! What a person can do about a recording that cannot be read, as the desk offers it.

use redact_release::Remedy;

/// What the desk offers a person to do about a recording that cannot be read.
pub(super) fn remedy(remedy: Remedy) -> redact_desk::Remedy {
    match remedy {
        Remedy::LostSound => redact_desk::Remedy::LostSound,
        Remedy::Damage => redact_desk::Remedy::Damage,
        Remedy::ReadOptions => redact_desk::Remedy::ReadOptions,
    }
}
