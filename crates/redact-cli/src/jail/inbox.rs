//! What a child hears from its parent while it works.

use std::io::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::wire::{Ask, Said, Told};
use crate::progress;

/// Answers to what this process asks; one question at a time.
static ANSWERS: OnceLock<Mutex<Receiver<bool>>> = OnceLock::new();

/// Listens to the parent on a thread of its own: a word from it stops the job, and its end ends
/// this process at once.
pub(super) fn listen() {
    let (sender, receiver) = channel();
    if ANSWERS.set(Mutex::new(receiver)).is_ok() {
        std::thread::spawn(move || hear(&sender));
    }
}

fn hear(answers: &Sender<bool>) {
    let stdin = std::io::stdin();
    let mut line = String::new();
    loop {
        line.clear();
        match stdin.read_line(&mut line) {
            // Nobody waits for this job any more.
            Ok(0) | Err(_) => std::process::abort(),
            Ok(_) => {}
        }
        match serde_json::from_str(&line) {
            Ok(Told::Cancel) => progress::interrupt(),
            Ok(Told::Answer(answer)) => {
                // Who asked may be gone.
                answers.send(answer).ok();
            }
            Err(_) => {}
        }
    }
}

/// Asks the parent for something; false where it is not done.
pub(super) fn ask(question: Ask) -> bool {
    let Some(answers) = ANSWERS.get() else {
        return false;
    };
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    say(&Said::Ask(question));
    answers.recv().unwrap_or(false)
}

/// Writes one line to the parent.
pub(super) fn say(said: &Said) {
    // What is said is ours and always serializes; a parent that is gone hears nothing.
    let mut line = serde_json::to_vec(said).unwrap_or_default();
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).ok();
}
