//! Invented tables and ensembles for tests.

use crate::ensemble::{Comparison, Ensemble, EnsembleBuilder, Node, Post, Split};
use crate::random::Random;
use crate::table::{Profile, Table, TableBuilder};

/// Rows round one centre for each class, overlapping, the last feature noise, some values missing.
pub(crate) fn clouds(rows: usize, classes: usize, seed: u64) -> Table {
    let mut random = Random::new(seed, 0);
    let features = ["first", "second", "third", "noise"].map(str::to_owned).to_vec();
    let profile = Profile { name: "invented".to_owned(), version: 1 };
    let mut builder = TableBuilder::new(profile, features).unwrap();
    for _ in 0..rows {
        let class = random.below(classes);
        let mut near = |centre: usize| centre as f64 + (random.unit() + random.unit() - 1.0);
        let centres = [class, class * class % 3, class % 2];
        let mut values: Vec<f64> = centres.into_iter().map(&mut near).collect();
        values.push(random.unit());
        if random.below(10) == 0 {
            values[random.below(4)] = f64::NAN;
        }
        let capture = format!("capture {}", random.below(12));
        builder.push(&values, &format!("class {class}"), Some(&capture)).unwrap();
    }
    builder.finish().unwrap()
}

/// Trees of every comparison, with thresholds that repeat, or `many` that do not.
pub(crate) fn wild_ensemble(seed: u64, post: Post, leaf_weights: usize, many: bool) -> Ensemble {
    let mut random = Random::new(seed, 1);
    let sums = if matches!(post, Post::Binary | Post::BinaryLogistic) { 1 } else { 3 };
    let base = vec![0.125; sums];
    let classes = if sums == 1 { 2 } else { 3 };
    let mut builder = EnsembleBuilder::new(5, classes, post, base).unwrap();
    for _ in 0..20 {
        let splits = if many { 200 } else { random.below(30) };
        let mut nodes: Vec<Node> = Vec::new();
        let mut open = 1;
        while nodes.len() < open {
            let is_split = open < 2 * splits && (random.below(3) > 0 || open == nodes.len() + 1);
            nodes.push(match is_split {
                true => Node::Split(wild_split(&mut random, open as u32, many)),
                false => {
                    let weight = |sum| (sum as u16, random.below(64) as f32 / 64.0);
                    let weights: Vec<_> = (0..leaf_weights.min(sums)).map(weight).collect();
                    Node::Leaf(builder.leaf(&weights).unwrap())
                }
            });
            open += if is_split { 2 } else { 0 };
        }
        builder.tree(nodes).unwrap();
    }
    builder.finish().unwrap()
}

fn wild_split(random: &mut Random, child: u32, many: bool) -> Split {
    let thresholds = [-1.0, -0.0, 0.0, 0.5, 1.0, f32::MIN_POSITIVE, 1e30];
    Split {
        feature: random.below(5) as u16,
        comparison: Comparison::ALL[random.below(if many { 4 } else { 6 })],
        missing_holds: random.below(2) == 0,
        threshold: if many { random.unit() as f32 } else { thresholds[random.below(7)] },
        yes: child + random.below(2) as u32,
        no: 0,
    }
    .with_sibling(child)
}

impl Split {
    fn with_sibling(self, child: u32) -> Split {
        Split { no: if self.yes == child { child + 1 } else { child }, ..self }
    }
}
