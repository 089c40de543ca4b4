//! What stands before the IP packet of a flow: VLANs and tunnels, and their word in the key.

use super::Kind;
use super::key::sum_of_words;
use crate::limits::HEADER_DEPTH_MAX;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Ways to carry packets in others. The numbers are part of the results (FLOWS.md, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    Mpls = 1,
    Pppoe,
    Gre,
    Pptp,
    Erspan,
    Ipip,
    SixInFour,
    FourInSix,
    SixInSix,
    Vxlan,
    Geneve,
    Gtp,
    Teredo,
    L2tp,
}

/// Names in the order of their numbers.
const NAMES: [&str; 14] = [
    "mpls", "pppoe", "gre", "pptp", "erspan", "ipip", "6in4", "4in6", "6in6", "vxlan", "geneve",
    "gtp", "teredo", "l2tp",
];

/// VLANs and tunnels, outermost first, each as a number: a VLAN's id, or for a tunnel its own
/// number << 33 | whether it has an id << 32 | the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    numbers: [u64; HEADER_DEPTH_MAX],
    #[serde(deserialize_with = "depth")]
    count: usize,
    /// Headers that were stepped over, also those that are no layer.
    #[serde(deserialize_with = "depth")]
    headers: usize,
}

/// Reads a number of headers.
fn depth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let depth = usize::deserialize(deserializer)?;
    match depth <= HEADER_DEPTH_MAX {
        true => Ok(depth),
        false => Err(de::Error::custom("too deep")),
    }
}

/// VLAN ids that fit the key's word beside their number.
const PACKED_IDS_MAX: usize = 4;
const HAS_ID: u64 = 1 << 32;
const TUNNEL_SHIFT: u32 = 33;

impl Layers {
    /// Counts one more header; what it holds may be read when there were not too many before it.
    pub fn step(&mut self) -> Result<(), Kind> {
        if self.headers == HEADER_DEPTH_MAX {
            return Err(Kind::TooDeep);
        }
        self.headers += 1;
        Ok(())
    }

    /// Adds the next inner VLAN. Id 0 is a priority tag, no VLAN (IEEE 802.1Q).
    pub fn push_vlan(&mut self, id: u16) {
        if id != 0 {
            self.push(id.into());
        }
    }

    /// Adds the next inner tunnel, with its id where that is the same in both directions.
    pub fn push_tunnel(&mut self, tunnel: Tunnel, id: Option<u32>) {
        let id = id.map_or(0, |id| HAS_ID | u64::from(id));
        self.push((tunnel as u64) << TUNNEL_SHIFT | id);
    }

    /// There is a place for each header that was counted.
    fn push(&mut self, number: u64) {
        if let Some(place) = self.numbers.get_mut(self.count) {
            *place = number;
            self.count += 1;
        }
    }

    #[inline]
    pub fn clear(&mut self) {
        (self.count, self.headers) = (0, 0);
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// Forgets the innermost ones: their tunnel held no IP packet.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    fn numbers(&self) -> &[u64] {
        &self.numbers[..self.count]
    }

    /// True when the word of the key spells the layers out.
    pub fn is_spelled(&self) -> bool {
        self.count <= PACKED_IDS_MAX && self.numbers().iter().all(|number| number >> 12 == 0)
    }

    /// The word of the key: number of VLANs and their ids, or a fixed hash of anything else.
    pub fn word(&self) -> u64 {
        if !self.is_spelled() {
            let count = self.count as u64;
            let seeded = self.numbers().iter().map(|number| number.wrapping_add(count));
            return 1 << 63 | sum_of_words(seeded) >> 1;
        }
        let packed = self.numbers().iter().fold(0, |word, &id| word << 12 | id);
        (self.count as u64) << 48 | packed
    }

    /// The layers of a word that spells them out.
    pub fn from_word(word: u64) -> Option<Self> {
        if word >> 63 == 1 {
            return None;
        }
        let count = (word >> 48) as usize;
        let mut layers = Self::default();
        for place in (0..count.min(PACKED_IDS_MAX)).rev() {
            layers.push_vlan((word >> (12 * place)) as u16 & 0xfff);
        }
        Some(layers)
    }

    /// VLAN ids joined by points; `None` without any.
    pub fn vlans(&self) -> Option<Vlans<'_>> {
        self.numbers().iter().any(|&number| !is_tunnel(number)).then_some(Vlans(self))
    }

    /// Tunnels, as in `gre:7/vxlan:42`; `None` without any.
    pub fn tunnels(&self) -> Option<Tunnels<'_>> {
        self.numbers().iter().any(|&number| is_tunnel(number)).then_some(Tunnels(self))
    }
}

fn is_tunnel(number: u64) -> bool {
    number >> TUNNEL_SHIFT != 0
}

/// VLAN ids as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vlans<'a>(&'a Layers);

/// Tunnels as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tunnels<'a>(&'a Layers);

impl std::fmt::Display for Vlans<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut before = "";
        for id in self.0.numbers().iter().filter(|&&number| !is_tunnel(number)) {
            write!(formatter, "{before}{id}")?;
            before = ".";
        }
        Ok(())
    }
}

impl std::fmt::Display for Tunnels<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut before = "";
        for &number in self.0.numbers().iter().filter(|&&number| is_tunnel(number)) {
            let name = NAMES.get((number >> TUNNEL_SHIFT) as usize - 1).unwrap_or(&"");
            write!(formatter, "{before}{name}")?;
            if number & HAS_ID != 0 {
                write!(formatter, ":{}", number as u32)?;
            }
            before = "/";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlans(ids: &[u16]) -> Layers {
        let mut layers = Layers::default();
        ids.iter().for_each(|&id| layers.push_vlan(id));
        layers
    }

    #[test]
    fn up_to_four_vlans_are_read_back_from_the_word() {
        for ids in [&[][..], &[1], &[4095, 7], &[1, 2, 3], &[4000, 3000, 2000, 1000]] {
            assert_eq!(Layers::from_word(vlans(ids).word()), Some(vlans(ids)));
        }
        assert_eq!(vlans(&[]).word(), 0);
        assert_eq!(
            vlans(&[100, 0, 200]).vlans().map(|vlans| vlans.to_string()),
            Some("100.200".into())
        );
    }

    #[test]
    fn deep_stacks_and_tunnels_differ_by_order_depth_and_id() {
        let (a, b) = (vlans(&[1, 2, 3, 4, 5]), vlans(&[5, 4, 3, 2, 1]));
        assert!(!a.is_spelled() && a.word() != b.word());
        assert_eq!(Layers::from_word(a.word()), None);
        let mut words: Vec<u64> = [None, Some(0), Some(7)]
            .map(|id| {
                let mut layers = vlans(&[9]);
                layers.push_tunnel(Tunnel::Gre, id);
                layers.word()
            })
            .into();
        words.dedup();
        assert_eq!(words.len(), 3);
    }

    #[test]
    fn tunnels_are_told_from_outside_in() {
        let mut layers = vlans(&[5]);
        layers.push_tunnel(Tunnel::Mpls, None);
        layers.push_tunnel(Tunnel::L2tp, None);
        layers.push_vlan(6);
        layers.push_tunnel(Tunnel::Vxlan, Some(42));
        assert_eq!(layers.tunnels().map(|it| it.to_string()), Some("mpls/l2tp/vxlan:42".into()));
        assert_eq!(layers.vlans().map(|it| it.to_string()), Some("5.6".into()));
        assert_eq!(vlans(&[5]).tunnels(), None);
    }
}
