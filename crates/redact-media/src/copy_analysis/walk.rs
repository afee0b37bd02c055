//! Parses coded pictures on worker threads while their packets are read.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::avcc::AvcConfig;
use redact_bitstream::h264::slice_data::Workspace;
use redact_bitstream::h264::x264_end_bits::{Mark, Marks};

/// Most packets that wait to be parsed, each with at most one picture.
const WAITING: usize = 32;

/// Most worker threads: reading packets does not keep more of them busy.
const THREADS_MAX: usize = 8;

/// A coded picture and its place in packet order; its NAL units have four-byte lengths.
type Waiting = (usize, Vec<u8>);

/// A picture's place and the result of parsing it.
pub(super) type Walked = (usize, Result<Mark, Unaccounted>);

/// Sends pictures to the worker threads.
pub(crate) struct Walker {
    sender: SyncSender<Waiting>,
}

impl Walker {
    /// Queues a picture.
    pub(super) fn take(&self, place: usize, packet: Vec<u8>) {
        // Sending fails only if all threads have panicked, which joining them reports.
        self.sender.send((place, packet)).ok();
    }
}

/// Runs `read` while the pictures that it queues are parsed; returns the result for each, sorted by
/// place.
pub(super) fn beside<T>(
    config: Option<&AvcConfig>,
    read: impl FnOnce(Option<&Walker>) -> T,
) -> (T, Vec<Walked>) {
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
        (given, found)
    })
}

fn walk_all(config: &AvcConfig, receiver: &Mutex<Receiver<Waiting>>) -> Vec<Walked> {
    let mut workspace = Workspace::default();
    let mut found = Vec::new();
    loop {
        // The lock is held while waiting, so threads take pictures in turn.
        let next = receiver.lock().map(|receiver| receiver.recv());
        let Ok(Ok((place, packet))) = next else {
            return found;
        };
        found.push((place, config.account(&packet, &mut workspace)));
    }
}

/// The first picture of a GOP, in packet order, that is not accounted for, and the reason.
pub(super) fn first_unaccounted(
    walked: &[Result<Mark, Unaccounted>],
) -> Option<(usize, Unaccounted)> {
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
