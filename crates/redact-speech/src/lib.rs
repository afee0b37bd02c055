//! Finds personal data in what was said.
//!
//! [`personal_items`] reads the words of a transcript, with their errors, and proposes what of them
//! tells who someone is or where someone can be reached. [`score`] measures a transcript, proposals
//! and mutes against what was really said.
//!
//! The rules are written for English as it is spoken in the United States. Missing an item reveals
//! it, and a proposal too many costs a reviewer one key, so in doubt there is an item. What is not
//! an item, however numeric it may be: times, money, ages, speeds, counts, ten-codes, unit numbers,
//! and the numbers of cases, reports, citations and events, which records offices publish
//! themselves; a block or a corner of two streets, which dispatchers say so that nobody's address
//! is said.

mod account;
mod address;
mod answer;
mod cue;
mod date;
mod doubt;
mod email;
mod find;
mod id;
mod lists;
mod name;
mod name_list;
mod number;
mod numbers;
mod phone;
mod plate;
pub mod score;
mod social;
mod spans;
mod speech;
mod spelling;
mod token;
mod work;

pub use doubt::{DOUBTED_PROBABILITY, doubted_words};
pub use find::personal_items;
pub use spans::span_to_mute;
