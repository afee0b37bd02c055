//! The redaction log: a page for requesters and courts.
//!
//! It is made from the public manifest alone, so it reveals nothing more. The HTML page is one file
//! without scripts, images or external links, and can be printed.

mod cell;
mod format;
mod html;
mod rows;
mod table;
mod timeline;

pub use cell::no_formula;
pub use html::html;
pub use table::{csv, pdf};
pub use timeline::timeline;
