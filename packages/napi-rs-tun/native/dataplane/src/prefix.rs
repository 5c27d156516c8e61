//! Longest-prefix match from IP addresses to values.

use std::collections::HashMap;
use std::net::IpAddr;

/// A network: the leading bits of an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Prefix {
    is_v6: bool,
    length: u8,
    bits: u128,
}

impl Prefix {
    /// Names the network of `address`; `None` when it has fewer than `length` bits.
    pub fn new(address: IpAddr, length: u8) -> Option<Prefix> {
        let (is_v6, bits, width) = spread(address);
        (length <= width).then(|| Prefix { is_v6, length, bits: bits & mask(length) })
    }
}

/// Values by network. A lookup costs one hash per prefix length in use, and overlays use few.
pub struct PrefixTable<T> {
    rows: HashMap<Prefix, T>,
    /// Prefix lengths in use and how many rows have each, longest first; IPv4 and IPv6.
    lengths: [Vec<(u8, usize)>; 2],
}

impl<T> Default for PrefixTable<T> {
    fn default() -> Self {
        PrefixTable { rows: HashMap::new(), lengths: [Vec::new(), Vec::new()] }
    }
}

impl<T> PrefixTable<T> {
    /// Installs a row; returns what it replaces.
    pub fn insert(&mut self, prefix: Prefix, value: T) -> Option<T> {
        let old = self.rows.insert(prefix, value);
        if old.is_none() {
            let lengths = &mut self.lengths[usize::from(prefix.is_v6)];
            match lengths.binary_search_by(|(length, _)| prefix.length.cmp(length)) {
                Ok(at) => lengths[at].1 += 1,
                Err(at) => lengths.insert(at, (prefix.length, 1)),
            }
        }
        old
    }

    /// Removes a row; returns what it held.
    pub fn remove(&mut self, prefix: &Prefix) -> Option<T> {
        let old = self.rows.remove(prefix)?;
        let lengths = &mut self.lengths[usize::from(prefix.is_v6)];
        if let Ok(at) = lengths.binary_search_by(|(length, _)| prefix.length.cmp(length)) {
            lengths[at].1 -= 1;
            if lengths[at].1 == 0 {
                lengths.remove(at);
            }
        }
        Some(old)
    }

    /// Returns the value of the longest prefix that contains `address`.
    pub fn lookup(&self, address: IpAddr) -> Option<&T> {
        let (is_v6, bits, _) = spread(address);
        self.lengths[usize::from(is_v6)]
            .iter()
            .find_map(|&(length, _)| self.rows.get(&Prefix { is_v6, length, bits: bits & mask(length) }))
    }

    /// Removes every row whose value `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let gone: Vec<Prefix> = self.rows.iter().filter(|(_, value)| !keep(value)).map(|(p, _)| *p).collect();
        for prefix in gone {
            self.remove(&prefix);
        }
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Returns the family, the bits from the top, and how many there are.
fn spread(address: IpAddr) -> (bool, u128, u8) {
    match address {
        IpAddr::V4(v4) => (false, u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (true, v6.to_bits(), 128),
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prefix(text: &str, length: u8) -> Prefix {
        Prefix::new(text.parse().unwrap(), length).unwrap()
    }

    #[test]
    fn prefers_the_longest_prefix_and_keeps_the_families_apart() {
        let mut table = PrefixTable::default();
        table.insert(prefix("0.0.0.0", 0), 0);
        table.insert(prefix("10.1.2.3", 8), 8);
        table.insert(prefix("10.1.2.3", 32), 32);
        table.insert(prefix("fd00::", 16), 6);
        let at = |table: &PrefixTable<i32>, text: &str| table.lookup(text.parse().unwrap()).copied();
        assert_eq!(at(&table, "10.1.2.3"), Some(32));
        assert_eq!(at(&table, "10.1.2.4"), Some(8));
        assert_eq!(at(&table, "11.0.0.0"), Some(0));
        assert_eq!(at(&table, "fd00:1::1"), Some(6));
        assert_eq!(at(&table, "fe00::1"), None);
        assert_eq!(table.remove(&prefix("10.1.2.3", 32)), Some(32));
        assert_eq!(at(&table, "10.1.2.3"), Some(8));
        assert!(Prefix::new("10.0.0.1".parse().unwrap(), 33).is_none());
    }

    proptest! {
        #[test]
        fn agrees_with_a_linear_search(
            rows in prop::collection::vec((0u32..64, 0u8..=32), 0..30),
            removed in prop::collection::vec(0usize..30, 0..10),
            wanted in 0u32..64,
        ) {
            let mut table = PrefixTable::default();
            let mut list: Vec<(Prefix, u8)> = Vec::new();
            for (bits, length) in rows {
                let prefix = Prefix::new(IpAddr::V4((bits << 26 | bits).into()), length).unwrap();
                list.retain(|(other, _)| *other != prefix);
                list.push((prefix, length));
                table.insert(prefix, length);
            }
            for at in removed {
                if at < list.len() {
                    let (prefix, _) = list.remove(at);
                    table.remove(&prefix);
                }
            }
            let address = IpAddr::V4((wanted << 26 | wanted).into());
            let expected = list.iter().filter(|(p, l)| Prefix::new(address, *l) == Some(*p)).map(|(_, l)| l).max();
            prop_assert_eq!(table.lookup(address), expected);
        }
    }
}
