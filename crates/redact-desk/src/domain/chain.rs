//! Which releases replaced each other.

use serde::Serialize;

use crate::id::Id;
use crate::model::ReleaseState;

/// A release as another release of its recording lists it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReleaseLink {
    pub(crate) id: Id,
    pub(crate) title: String,
    pub(crate) policy_name: String,
    pub(crate) state: ReleaseState,
    pub(crate) created_at: String,
    pub(crate) why: String,
    #[serde(skip)]
    pub(crate) replaces: Option<Id>,
}

/// The releases that replaced each other, `id` among them, and all others.
///
/// A single release is not a chain, and a failed release replaces nothing.
pub(crate) fn split(all: Vec<ReleaseLink>, id: &Id) -> (Vec<ReleaseLink>, Vec<ReleaseLink>) {
    let mut members = vec![id.clone()];
    // Older releases come first in `all`, so one pass backward and one forward find the whole
    // chain.
    for link in all.iter().rev() {
        if members.contains(&link.id) {
            members.extend(link.replaces.clone());
        }
    }
    for link in &all {
        let follows = link
            .replaces
            .as_ref()
            .is_some_and(|old| members.contains(old));
        if follows && link.state != ReleaseState::Failed && !members.contains(&link.id) {
            members.push(link.id.clone());
        }
    }
    let (chain, others): (Vec<ReleaseLink>, Vec<ReleaseLink>) =
        all.into_iter().partition(|link| members.contains(&link.id));
    let others = others
        .into_iter()
        .filter(|link| link.state != ReleaseState::Failed)
        .collect();
    if chain.len() < 2 {
        return (Vec::new(), others);
    }
    (chain, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(replaces: Option<&Id>, state: ReleaseState) -> ReleaseLink {
        ReleaseLink {
            id: Id::random(),
            title: String::new(),
            policy_name: String::new(),
            state,
            created_at: String::new(),
            why: String::new(),
            replaces: replaces.cloned(),
        }
    }

    #[test]
    fn a_chain_is_found_from_any_of_its_links() {
        let first = link(None, ReleaseState::Ready);
        let beside = link(None, ReleaseState::Ready);
        let failed = link(Some(&first.id), ReleaseState::Failed);
        let second = link(Some(&first.id), ReleaseState::Ready);
        let third = link(Some(&second.id), ReleaseState::Ready);
        let all = [&first, &beside, &failed, &second, &third].map(Clone::clone);
        for from in [&first, &second, &third] {
            let (chain, others) = split(all.to_vec(), &from.id);
            let ids: Vec<_> = chain.iter().map(|link| &link.id).collect();
            assert_eq!(ids, [&first.id, &second.id, &third.id]);
            assert_eq!(others.len(), 1);
        }
        let (chain, others) = split(all.to_vec(), &beside.id);
        assert!(chain.is_empty());
        assert_eq!(others.len(), 3);
    }
}
