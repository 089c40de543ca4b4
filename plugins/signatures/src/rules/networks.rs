//! Networks, flattened into pieces that do not overlap.

/// Addresses `first..=last` and their label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub first: u128,
    pub last: u128,
    pub label: u32,
}

/// Where a piece begins and what it is; it ends where the next begins.
struct Piece {
    first: u128,
    label: Option<u32>,
}

pub struct Networks {
    pieces: Vec<Piece>,
}

impl Networks {
    /// Of networks that hold each other the smaller counts; of equal ones the later.
    pub fn new(mut networks: Vec<Network>) -> Self {
        // A stable sort: of equal networks the later stays behind, and so on top of the stack.
        networks.sort_by(|a, b| a.first.cmp(&b.first).then(b.last.cmp(&a.last)));
        let mut pieces = vec![Piece { first: 0, label: None }];
        let mut open: Vec<Network> = Vec::new();
        for network in networks {
            close(&mut pieces, &mut open, network.first);
            pieces.push(Piece { first: network.first, label: Some(network.label) });
            open.push(network);
        }
        close(&mut pieces, &mut open, u128::MAX);
        Networks { pieces }
    }

    pub fn of(&self, address: u128) -> Option<u32> {
        let behind = self.pieces.partition_point(|piece| piece.first <= address);
        self.pieces.get(behind.checked_sub(1)?)?.label
    }
}

/// Ends the networks that end before `until`: what lies round them goes on.
fn close(pieces: &mut Vec<Piece>, open: &mut Vec<Network>, until: u128) {
    while let Some(network) = open.pop_if(|network| network.last < until) {
        let around = open.last().map(|network| network.label);
        pieces.push(Piece { first: network.last + 1, label: around });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_network_counts_and_of_equal_ones_the_later() {
        let network = |first, last, label| Network { first, last, label };
        let networks = Networks::new(vec![
            network(10, 99, 1),
            network(20, 29, 2),
            network(20, 29, 3),
            network(30, 39, 4),
        ]);
        let labels = [9, 10, 19, 20, 29, 30, 39, 40, 99, 100].map(|at| networks.of(at));
        let expected = [0, 1, 1, 3, 3, 4, 4, 1, 1, 0].map(|label| (label != 0).then_some(label));
        assert_eq!(labels, expected);
    }
}
