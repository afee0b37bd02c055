//! Which GOPs of a recording may be copied, as an earlier render found: the SHA-256 of each.
//!
//! Parsing coded pictures and measuring what is cropped off them costs about as much as decoding
//! them twice. What was found depends on nothing but the coded pictures and the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redact_core::Digest;

use super::SEGMENT_FILE;
use crate::ports::{CacheLink, CacheRequest};

/// Bytes of a digest.
const DIGEST_BYTES: usize = 32;

/// The worker's side of the GOPs that are known.
pub(crate) struct ProofClient {
    link: Arc<dyn CacheLink>,
    /// The file through which they come and go.
    file: PathBuf,
}

impl ProofClient {
    /// They come and go through `folder`.
    pub(crate) fn new(folder: &Path, link: Arc<dyn CacheLink>) -> Self {
        Self {
            link,
            file: folder.join(SEGMENT_FILE),
        }
    }

    /// The GOPs of this recording that are known to be accounted for.
    pub(crate) fn load(&self) -> BTreeSet<Digest> {
        if !self.link.request(CacheRequest::LoadProofs) {
            return BTreeSet::new();
        }
        let bytes = std::fs::read(&self.file).unwrap_or_default();
        std::fs::remove_file(&self.file).ok();
        digests(&bytes).unwrap_or_default()
    }

    /// Stores the GOPs that are, if there are more than were `known`.
    pub(crate) fn store(&self, known: &BTreeSet<Digest>, proved: &[Digest]) {
        if proved.iter().all(|digest| known.contains(digest)) {
            return;
        }
        let all = known.iter().chain(proved).collect::<BTreeSet<_>>();
        let bytes: Vec<u8> = all.into_iter().flat_map(|digest| digest.0).collect();
        match std::fs::write(&self.file, bytes) {
            Ok(()) => drop(self.link.request(CacheRequest::StoreProofs)),
            Err(error) => {
                tracing::warn!("cannot cache the list of GOPs that may be copied: {error}")
            }
        }
    }
}

/// `None` where the bytes are not whole digests.
fn digests(bytes: &[u8]) -> Option<BTreeSet<Digest>> {
    let each = bytes.chunks(DIGEST_BYTES);
    each.map(|digest| Some(Digest(digest.try_into().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A cache that keeps what is stored in it, and counts.
    #[derive(Default)]
    struct Kept {
        folder: PathBuf,
        stored: AtomicUsize,
    }

    impl CacheLink for Kept {
        fn request(&self, request: CacheRequest) -> bool {
            let (here, there) = (self.folder.join(SEGMENT_FILE), self.folder.join("kept"));
            match request {
                CacheRequest::StoreProofs => {
                    self.stored.fetch_add(1, Ordering::Relaxed);
                    std::fs::rename(here, there).is_ok()
                }
                CacheRequest::LoadProofs => std::fs::copy(there, here).is_ok(),
                _ => false,
            }
        }
    }

    /// Goal: what was proved comes back, nothing is lost when more is added, and nothing is written
    /// where nothing is new. Control: what is not whole digests counts as nothing.
    #[test]
    fn what_was_proved_comes_back_with_what_was_known() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Arc::new(Kept {
            folder: folder.path().to_owned(),
            ..Kept::default()
        });
        let proofs = ProofClient::new(folder.path(), Arc::clone(&kept) as Arc<dyn CacheLink>);
        assert_eq!(proofs.load(), BTreeSet::new());
        let [a, b] = [Digest([1; 32]), Digest([2; 32])];
        proofs.store(&BTreeSet::new(), &[a]);
        assert_eq!(proofs.load(), BTreeSet::from([a]));
        proofs.store(&proofs.load(), &[b]);
        assert_eq!(proofs.load(), BTreeSet::from([a, b]));
        proofs.store(&proofs.load(), &[b]);
        assert_eq!(kept.stored.load(Ordering::Relaxed), 2);

        std::fs::write(folder.path().join("kept"), [0; 33]).unwrap();
        assert_eq!(proofs.load(), BTreeSet::new());
    }
}
