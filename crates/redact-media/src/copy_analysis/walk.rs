//! Walks through the coded pictures of a analysis while their packets are read.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::avcc::AvcConfig;
use redact_bitstream::h264::slice_data::Workspace;
use redact_bitstream::h264::x264_end_bits::{Mark, Marks};

/// Packets that wait for a walk, each with at most one picture.
const WAITING: usize = 32;

/// Threads that walk, at most: reading packets does not keep more of them busy.
const THREADS_MAX: usize = 8;

/// A coded picture by its place in the order of packets, its units behind four bytes of length.
type Waiting = (usize, Vec<u8>);

/// What was found in a picture.
type Walked = (usize, Result<Mark, Unaccounted>);

/// Takes pictures to walk.
pub(super) struct Walker {
    sender: SyncSender<Waiting>,
}

impl Walker {
    /// Walks through a picture some time later.
    pub(super) fn take(&self, place: usize, packet: Vec<u8>) {
        // Nobody receives only where all threads have panicked, and that is told when they end.
        self.sender.send((place, packet)).ok();
    }
}

/// Does `read` while the pictures that it gives the walker are walked; gives what was found in
/// each, in the order of packets.
pub(super) fn beside<T>(
    config: Option<&AvcConfig>,
    read: impl FnOnce(Option<&Walker>) -> T,
) -> (T, Vec<Result<Mark, Unaccounted>>) {
    let Some(config) = config else {
        return (read(None), Vec::new());
    };
    let config = config.with_four_byte_lengths();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = sync_channel(WAITING);
    let receiver = Mutex::new(receiver);
    let walker = Walker { sender };
    thread::scope(|scope| {
        let walks: Vec<_> = (0..threads.min(THREADS_MAX))
            .map(|_| scope.spawn(|| walk_all(&config, &receiver)))
            .collect();
        let given = read(Some(&walker));
        drop(walker);
        let mut found: Vec<Walked> = Vec::new();
        for walk in walks {
            match walk.join() {
                Ok(walked) => found.extend(walked),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found.sort_unstable_by_key(|(place, _)| *place);
        (given, found.into_iter().map(|(_, walked)| walked).collect())
    })
}

fn walk_all(config: &AvcConfig, receiver: &Mutex<Receiver<Waiting>>) -> Vec<Walked> {
    let mut workspace = Workspace::default();
    let mut found = Vec::new();
    loop {
        // The lock is held while waiting: whoever waits next gets the next picture.
        let next = receiver.lock().map(|receiver| receiver.recv());
        let Ok(Ok((place, packet))) = next else {
            return found;
        };
        found.push((place, config.account(&packet, &mut workspace)));
    }
}

/// Why a group of pictures, in the order of packets, is not accounted for: the first such picture
/// and what is the matter with it.
pub(super) fn first_odd(walked: &[Result<Mark, Unaccounted>]) -> Option<(usize, Unaccounted)> {
    let mut marks = Marks::NEW;
    walked
        .iter()
        .enumerate()
        .find_map(|(place, walked)| match walked {
            Err(why) => Some((place, *why)),
            Ok(mark) if marks.take(*mark) => None,
            Ok(_) => Some((place, Unaccounted::Padding)),
        })
}
