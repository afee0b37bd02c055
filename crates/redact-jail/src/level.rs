//! The level of confinement of a child process.

use serde::{Deserialize, Serialize};

/// What the system enforces on the decoding process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JailLevel {
    /// Landlock version in force; 0 for none.
    pub landlock_abi: u32,
    /// Whether an older Landlock version than the kernel's was used, to test older kernels.
    pub landlock_capped: bool,
    /// Whether only allowed system calls are possible.
    pub seccomp: bool,
}

impl JailLevel {
    /// Whether files, network, other processes and executable memory are inaccessible.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.landlock_abi > 0 && self.seccomp
    }
}

impl std::fmt::Display for JailLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.landlock_abi {
            0 => write!(f, "no Landlock")?,
            abi => write!(f, "Landlock ABI {abi}")?,
        }
        if self.landlock_capped {
            write!(f, " (capped for a test)")?;
        }
        write!(
            f,
            ", {}",
            if self.seccomp {
                "seccomp"
            } else {
                "no seccomp"
            }
        )
    }
}
