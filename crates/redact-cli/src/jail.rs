//! Recordings are decoded by a child process that can do nothing else.
//!
//! FFmpeg parses hostile files in C. So whatever decodes a recording, runs a model on its frames or
//! encodes them runs in a child: this program again, which reads a job from standard input and is
//! confined before it has a second thread. The parent holds the keys, the passphrase and the event
//! log, checks what the child reports, signs, and gives files their final names.
//!
//! The child is started by a confined thread and has its rules from its first instruction on. It
//! then gives up more in two steps. After the first it may still read models and load the model
//! runtime; it has read nothing but its job by then. After the second, before it opens a recording,
//! only its input, its output and its two pipes are left.

mod child;
mod link;
mod process;
mod staging;
mod wire;

pub(crate) use child::{is_child, main};
pub(crate) use process::Process;
pub(crate) use staging::staging;
pub(crate) use wire::WorkKind;
