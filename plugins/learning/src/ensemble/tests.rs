use super::{Applied, Comparison, EnsembleBuilder, Node, Post, Split};
use crate::random::Random;
use crate::testing::wild_ensemble;

/// Values at, just below and just above thresholds, missing ones, and others.
fn wild_rows(count: usize, many: bool) -> Vec<f32> {
    let at = [-1.0, -0.0, 0.0, 0.5, 1.0, f32::MIN_POSITIVE, 1e30, f32::NAN, 7.0, f32::INFINITY];
    let mut random = Random::new(3, 3);
    let mut value = || {
        let value = at[random.below(at.len())];
        match random.below(if many { 8 } else { 4 }) {
            0 => value,
            1 => value.next_down(),
            2 => value.next_up(),
            _ => random.unit() as f32,
        }
    };
    (0..count * 5).map(|_| value()).collect()
}

#[test]
fn blocks_of_rows_are_answered_as_rows_one_by_one() {
    let posts = [Post::None, Post::Mean, Post::Softmax, Post::Logistic];
    let posts = posts.into_iter().chain([Post::Binary, Post::BinaryLogistic]);
    for (number, post) in posts.enumerate() {
        for (leaf_weights, many) in [(1, false), (3, false), (1, true), (2, true)] {
            let ensemble = wild_ensemble(number as u64, post, leaf_weights, many);
            let rows = wild_rows(1_100, many);
            let classes = ensemble.classes();
            let mut quick = vec![0.0; 1_100 * classes];
            Applied::new(&ensemble).unwrap().probabilities(&rows, &mut quick);
            let mut slow = vec![0.0; classes];
            for (row, quick) in rows.chunks_exact(5).zip(quick.chunks_exact(classes)) {
                ensemble.probabilities_of_row(row, &mut slow);
                assert_eq!(slow, quick, "{post:?} {leaf_weights} {many} {row:?}");
            }
        }
    }
}

#[test]
fn no_rows_are_no_answers() {
    let ensemble = wild_ensemble(1, Post::Mean, 3, false);
    Applied::new(&ensemble).unwrap().probabilities(&[], &mut []);
}

fn split(yes: u32, no: u32) -> Node {
    let comparison = Comparison::LessOrEqual;
    Node::Split(Split { feature: 0, comparison, missing_holds: true, threshold: 0.5, yes, no })
}

#[test]
fn what_is_no_tree_is_refused() {
    let builder = || {
        let mut builder = EnsembleBuilder::new(1, 2, Post::None, vec![0.0; 2]).unwrap();
        builder.leaf(&[(0, 1.0)]).unwrap();
        builder
    };
    let leaf = Node::Leaf(0);
    let wrong: [(Vec<Node>, &str); 7] = [
        (vec![], "a tree without nodes"),
        (vec![split(0, 1), leaf], "node 0 has the child 0"),
        (vec![split(1, 1), leaf], "node 0 has the child 1"),
        (vec![split(1, 9), leaf], "node 0 has the child 9"),
        (vec![leaf, leaf], "node 1 has no parent"),
        (vec![Node::Leaf(1)], "node 0 names leaf 1"),
        (vec![split(1, 2), split(2, 3), leaf, leaf], "node 1 has the child 2"),
    ];
    for (nodes, why) in wrong {
        assert_eq!(builder().tree(nodes).unwrap_err(), why);
    }
    assert_eq!(builder().leaf(&[(2, 1.0)]).unwrap_err(), "a leaf of class 2, and there are 2");
    assert_eq!(builder().finish().unwrap_err(), "no tree");
    let binary = EnsembleBuilder::new(1, 3, Post::Binary, vec![0.0]).unwrap_err();
    assert_eq!(binary, "1 sums for 3 classes");
}
