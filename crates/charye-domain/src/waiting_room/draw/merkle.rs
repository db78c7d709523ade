//! Room: domain/waiting_room/draw. The Merkle tree over the closed list: leaves and nodes hashed as in RFC 9162 (Certificate
//! Transparency), so that one hash names the whole list and a slice of it can be checked alone. Called at the closing and
//! by `verify`. Never sorts: the order of the leaves is the caller's.

use sha2::{Digest as _, Sha256};

use super::{DrawId, Hash};

/// Draw ids in a published slice, except in the last one. A power of two, so that a slice is a whole subtree.
pub const SLICE_IDS: usize = 1 << 14;

/// The root over a whole list: SHA-256 of nothing for an empty one.
pub fn root(ids: &[DrawId]) -> Hash {
    fold(ids.iter().map(leaf).collect())
}

/// The roots of the slices of a list, in order.
pub fn slice_roots(ids: &[DrawId]) -> Vec<Hash> {
    ids.chunks(SLICE_IDS).map(root).collect()
}

/// The root over a list of which only the roots of its slices are known.
pub fn root_of_slices(roots: &[Hash]) -> Hash {
    fold(roots.to_vec())
}

/// SHA-256(0x00 | id).
fn leaf(id: &DrawId) -> Hash {
    Sha256::new().chain_update([0]).chain_update(id.0).finalize().into()
}

/// SHA-256(0x01 | left | right).
fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Pairs up a level until one hash is left. One without a partner moves up as it is, which is RFC 9162's tree: its left
/// subtrees are always the largest full ones.
fn fold(mut level: Vec<Hash>) -> Hash {
    if level.is_empty() {
        return Sha256::digest([]).into();
    }
    while level.len() > 1 {
        let mut written = 0;
        for read in (0..level.len()).step_by(2) {
            level[written] = match level.get(read + 1) {
                Some(right) => node(&level[read], right),
                None => level[read],
            };
            written += 1;
        }
        level.truncate(written);
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<DrawId> {
        (0..count).map(|i| DrawId((i as u128).to_be_bytes())).collect()
    }

    /// RFC 9162, section 2.1.1, word by word.
    fn by_the_book(ids: &[DrawId]) -> Hash {
        match ids {
            [] => Sha256::digest([]).into(),
            [one] => leaf(one),
            _ => {
                let split = ids.len().next_power_of_two() / 2;
                node(&by_the_book(&ids[..split]), &by_the_book(&ids[split..]))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_rfc_9162_at_every_size() {
        for count in 0..70 {
            assert_eq!(root(&ids(count)), by_the_book(&ids(count)), "{count} ids");
        }
    }

    #[test]
    fn slices_lead_to_the_same_root() {
        for count in [0, 1, SLICE_IDS, SLICE_IDS + 1, 3 * SLICE_IDS - 1, 5 * SLICE_IDS + 77] {
            let ids = ids(count);
            assert_eq!(root_of_slices(&slice_roots(&ids)), root(&ids), "{count} ids");
        }
    }

    #[test]
    fn another_list_has_another_root() {
        let list = ids(100);
        let mut moved = list.clone();
        moved.swap(3, 4);
        assert_ne!(root(&list), root(&moved));
        assert_ne!(root(&list), root(&list[..99]));
    }
}
