//! A child's link to its parent while it works.

use std::io::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use redact_release::ports::{CacheLink, CacheRequest};

use super::wire::{FromChild, FromParent};
use crate::progress;

/// Answers to what this process requests; one request at a time.
static ANSWERS: OnceLock<Mutex<Receiver<bool>>> = OnceLock::new();

/// Receives from the parent on a thread of its own: a word from it cancels the job, and its end
/// ends this process at once.
pub(super) fn receive() {
    let (sender, receiver) = channel();
    if ANSWERS.set(Mutex::new(receiver)).is_ok() {
        std::thread::spawn(move || receive_lines(&sender));
    }
}

fn receive_lines(answers: &Sender<bool>) {
    let stdin = std::io::stdin();
    let mut line = String::new();
    loop {
        line.clear();
        match stdin.read_line(&mut line) {
            // The parent has ended: the result is no longer needed.
            Ok(0) | Err(_) => std::process::abort(),
            Ok(_) => {}
        }
        match serde_json::from_str(&line) {
            Ok(FromParent::Cancel) => progress::interrupt(),
            Ok(FromParent::Answer(answer)) => {
                // Who sent the request may be gone.
                answers.send(answer).ok();
            }
            Err(_) => {}
        }
    }
}

/// The way to the parent's segment cache.
pub(super) struct ParentLink;

impl CacheLink for ParentLink {
    fn request(&self, request: CacheRequest) -> bool {
        let Some(answers) = ANSWERS.get() else {
            return false;
        };
        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        send(&FromChild::Request(request));
        answers.recv().unwrap_or(false)
    }
}

/// Reports progress to the parent.
pub(super) fn send_progress(phase: &str, done: u64, total: Option<u64>) {
    let phase = phase.to_owned();
    send(&FromChild::Progress { phase, done, total });
}

/// Writes one line to the parent.
pub(super) fn send(message: &FromChild) {
    // A message always serializes; a parent that is gone receives nothing.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).ok();
}
