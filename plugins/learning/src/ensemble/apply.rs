//! Applying an ensemble to many rows: a block of rows goes through one tree after another, so that a tree
//! is in the processor's nearest memory while rows pass it, and several rows step at once, so that none
//! waits for another's memory.

use super::coder::Coder;
use super::packed::{Forest, Narrow, Packed, Wide};
use super::{Ensemble, Post};

/// Rows that pass a tree before the next tree's turn.
const BLOCK_ROWS: usize = 512;

/// Rows that step together.
const LANES: usize = 16;

/// Trees after which the rows of a block are put in the order of how deep they went: rows that are hard to
/// tell go deep in most trees, and of rows that step together none should wait for another.
const TREES_LOOKED_AT: usize = 8;

/// Single numbers that are added at a time.
const ADDED: usize = 4;

/// Numbers of a table of all leaves, beyond which leaves are looked up in lists.
const TABLE_NUMBERS_MAX: usize = 1 << 24;

/// An ensemble, made ready for many rows.
#[derive(Clone, Debug)]
pub struct Applied {
    features: usize,
    classes: usize,
    post: Post,
    base: Vec<f32>,
    trees: usize,
    coder: Coder,
    nodes: Nodes,
    leaves: Leaves,
    /// Places for a row's sums: a multiple of `ADDED`.
    width: usize,
}

#[derive(Clone, Debug)]
enum Nodes {
    Narrow(Forest<Narrow>),
    Wide(Forest<Wide>),
}

#[derive(Clone, Debug)]
enum Leaves {
    /// Each is one weight of one sum.
    Single(Vec<(u16, f32)>),
    /// Each is `width` numbers.
    Table(Vec<f32>),
    Lists {
        begins: Vec<u32>,
        weights: Vec<(u16, f32)>,
    },
}

impl Applied {
    /// # Errors
    /// A sentence, if trees compare with more different numbers than can be told apart.
    pub fn new(ensemble: &Ensemble) -> Result<Applied, String> {
        let coder = Coder::of(ensemble);
        let nodes = match Forest::pack(ensemble, &coder) {
            Some(narrow) => Nodes::Narrow(narrow),
            None => Nodes::Wide(Forest::pack(ensemble, &coder).ok_or_else(|| {
                format!("its trees have {} columns of thresholds", coder.columns())
            })?),
        };
        let width = ensemble.sums().next_multiple_of(ADDED);
        Ok(Applied {
            features: ensemble.features,
            classes: ensemble.classes,
            post: ensemble.post,
            base: ensemble.base.clone(),
            trees: ensemble.trees.len(),
            coder,
            nodes,
            leaves: Leaves::of(ensemble, width),
            width,
        })
    }

    /// Probabilities of rows, which stand one behind the other, as wide as there are features; so stand
    /// the probabilities, as wide as there are classes.
    ///
    /// # Panics
    /// If rows and probabilities are not of as many rows.
    pub fn probabilities(&self, rows: &[f32], probabilities: &mut [f32]) {
        let count = rows.len() / self.features;
        assert_eq!(probabilities.len(), count * self.classes, "a place for each class of each row");
        match &self.nodes {
            Nodes::Narrow(forest) => match self.coder.columns() {
                0..=32 => self.blocks::<_, 32>(forest, rows, probabilities),
                33..=64 => self.blocks::<_, 64>(forest, rows, probabilities),
                _ => self.blocks::<_, 256>(forest, rows, probabilities),
            },
            Nodes::Wide(forest) => match self.coder.columns() {
                0..=256 => self.blocks::<_, 256>(forest, rows, probabilities),
                257..=1024 => self.blocks::<_, 1024>(forest, rows, probabilities),
                1025..=8192 => self.blocks::<_, 8192>(forest, rows, probabilities),
                _ => self.blocks::<_, 65536>(forest, rows, probabilities),
            },
        }
    }

    fn blocks<P: Packed, const COLUMNS: usize>(
        &self,
        forest: &Forest<P>,
        rows: &[f32],
        probabilities: &mut [f32],
    ) {
        // Codes of a block stay within a quarter of a megabyte.
        let block_rows = ((1 << 18) / COLUMNS).clamp(LANES, BLOCK_ROWS);
        let block_rows = block_rows.min(rows.len() / self.features);
        let mut codes = vec![[0; COLUMNS]; block_rows];
        let mut sums = vec![0.0; block_rows * self.width];
        let mut places = vec![0; block_rows];
        let blocks = rows.chunks(block_rows.max(1) * self.features);
        for (rows, out) in blocks.zip(probabilities.chunks_mut(block_rows.max(1) * self.classes)) {
            let count = rows.len() / self.features;
            for (row, codes) in rows.chunks_exact(self.features).zip(&mut codes) {
                self.coder.code(row, codes);
            }
            for sums in sums.chunks_exact_mut(self.width) {
                sums[..self.base.len()].copy_from_slice(&self.base);
                sums[self.base.len()..].fill(0.0);
            }
            let mut order: Vec<usize> = (0..count).collect();
            let mut depths = vec![0_u64; count];
            for (number, (nodes, leaves)) in forest.trees().enumerate() {
                if number == TREES_LOOKED_AT {
                    order.sort_by_key(|row| depths[*row]);
                    codes = reordered(&codes, &order);
                    let of_row = |row: &usize| &sums[row * self.width..(row + 1) * self.width];
                    sums = order.iter().flat_map(of_row).copied().collect();
                }
                walk(nodes, &codes[..count], &mut places[..count]);
                // Nodes are in breadth order, so that a greater place is a deeper one.
                if number < TREES_LOOKED_AT {
                    let pairs = depths.iter_mut().zip(&places);
                    pairs.for_each(|(depth, place)| *depth += u64::from(*place));
                }
                places[..count].iter_mut().for_each(|place| *place = leaves[*place as usize]);
                self.leaves.add(&places[..count], &mut sums, self.width);
            }
            for (sums, row) in sums.chunks_exact(self.width).zip(order) {
                let out = &mut out[row * self.classes..(row + 1) * self.classes];
                self.post.finish(&sums[..self.base.len()], self.trees, out);
            }
        }
    }
}

/// In the order of these rows.
fn reordered<const COLUMNS: usize>(codes: &[[u8; COLUMNS]], order: &[usize]) -> Vec<[u8; COLUMNS]> {
    order.iter().map(|row| codes[*row]).collect()
}

/// By row, the node of the leaf that it comes to.
fn walk<P: Packed, const COLUMNS: usize>(nodes: &[P], codes: &[[u8; COLUMNS]], places: &mut [u32]) {
    let (groups, rest) = codes.as_chunks::<LANES>();
    let (places_of_groups, places_of_rest) = places.as_chunks_mut::<LANES>();
    for (codes, places) in groups.iter().zip(places_of_groups) {
        *places = walk_together(nodes, codes);
    }
    for (codes, place) in rest.iter().zip(places_of_rest) {
        *place = walk_together(nodes, std::array::from_ref(codes))[0];
    }
}

#[inline(always)]
fn walk_together<P: Packed, const COLUMNS: usize, const ROWS: usize>(
    nodes: &[P],
    codes: &[[u8; COLUMNS]; ROWS],
) -> [u32; ROWS] {
    let mut places = [0_u32; ROWS];
    loop {
        // Whether any moved is seen on the way: a look at all places behind the loop would have to wait for
        // them to arrive in memory.
        let mut moved = 0;
        for (place, codes) in places.iter_mut().zip(codes) {
            let next = nodes[*place as usize].step(codes);
            moved |= next ^ *place;
            *place = next;
        }
        if moved == 0 {
            return places;
        }
    }
}

impl Leaves {
    fn of(ensemble: &Ensemble, width: usize) -> Leaves {
        let all = || (0..ensemble.leaves() as u32).map(|leaf| ensemble.leaf(leaf));
        if all().all(|weights| weights.len() == 1) {
            return Leaves::Single(all().map(|weights| weights[0]).collect());
        }
        if ensemble.leaves() * width > TABLE_NUMBERS_MAX {
            let begins = ensemble.leaf_begins.clone();
            return Leaves::Lists { begins, weights: ensemble.weights.clone() };
        }
        let mut table = vec![0.0; ensemble.leaves() * width];
        for (weights, numbers) in all().zip(table.chunks_exact_mut(width)) {
            weights.iter().for_each(|(sum, weight)| numbers[usize::from(*sum)] += weight);
        }
        Leaves::Table(table)
    }

    /// Adds the weights of each row's leaf to its sums.
    fn add(&self, leaves: &[u32], sums: &mut [f32], width: usize) {
        let rows = leaves.iter().zip(sums.chunks_exact_mut(width));
        match self {
            Leaves::Single(single) => rows.for_each(|(leaf, sums)| {
                let (sum, weight) = single[*leaf as usize];
                sums[usize::from(sum)] += weight;
            }),
            Leaves::Table(table) => rows.for_each(|(leaf, sums)| {
                let begin = *leaf as usize * width;
                let (weights, _) = table[begin..begin + width].as_chunks::<ADDED>();
                let (sums, _) = sums.as_chunks_mut::<ADDED>();
                for (sums, weights) in sums.iter_mut().zip(weights) {
                    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
                }
            }),
            Leaves::Lists { begins, weights } => rows.for_each(|(leaf, sums)| {
                let ends = [begins[*leaf as usize], begins[*leaf as usize + 1]];
                for (sum, weight) in &weights[ends[0] as usize..ends[1] as usize] {
                    sums[usize::from(*sum)] += weight;
                }
            }),
        }
    }
}
