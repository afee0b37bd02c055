//! The redaction log: one page that a requester or a court reads.
//!
//! It is made from the public manifest alone, so it cannot say more than that does. It is one
//! file without scripts, pictures or links to elsewhere, and prints on paper as it stands.

mod format;
mod html;
mod rows;
mod table;
mod timeline;

pub use html::html;
pub use table::{csv, pdf};
pub use timeline::timeline;
