//! From the attributes of a `TreeEnsembleClassifier` to an ensemble (onnx.ai, "ai.onnx.ml -
//! TreeEnsembleClassifier"; what it leaves open, as ONNX Runtime's `tree_ensemble_aggregator.h` has it).

use super::graph::GraphNode;
use crate::ensemble::{Comparison, Ensemble, EnsembleBuilder, Node, Post, Split};
use crate::limits::{FEATURES_MAX, NODES_MAX};
use std::collections::HashMap;

/// Numbers of a tree and of a node in it.
type Place = (i64, i64);

/// The node tables, as long as one another.
struct Tables<'a> {
    places: Vec<Place>,
    modes: Vec<&'a str>,
    features: Vec<i64>,
    thresholds: Vec<f32>,
    yes: Vec<i64>,
    no: Vec<i64>,
    /// Empty where nothing that is missing holds.
    missing: Vec<i64>,
}

pub(super) fn ensemble(
    node: &GraphNode,
    features: Option<usize>,
) -> Result<(Ensemble, Vec<String>), String> {
    for name in ["nodes_values_as_tensor", "class_weights_as_tensor", "base_values_as_tensor"] {
        if node.has(name) {
            return Err(format!("has numbers of double precision ({name})"));
        }
    }
    let classes = classes(node)?;
    let tables = Tables::of(node)?;
    let weights = Weights::of(node)?;
    let greatest = tables.features.iter().copied().max().unwrap_or(0).max(0) as usize;
    let features = features.unwrap_or(greatest + 1);
    if greatest >= FEATURES_MAX {
        return Err(format!("names feature {greatest}, and {FEATURES_MAX} may be"));
    }
    let (post, base, output_of) = outputs(node, &classes, &weights)?;
    let mut builder = EnsembleBuilder::new(features, classes.len(), post, base)?;
    let by_place: HashMap<Place, usize> =
        tables.places.iter().enumerate().map(|(row, place)| (*place, row)).collect();
    if by_place.len() != tables.places.len() {
        return Err("has a node twice".to_owned());
    }
    for root in tables.roots() {
        let nodes = tree(&tables, &by_place, &weights, root, output_of, &mut builder)?;
        builder.tree(nodes)?;
    }
    Ok((builder.finish()?, classes))
}

/// Whether answers are 1 in sum, whatever the row.
pub(super) fn adds_up_to_one(ensemble: &Ensemble) -> bool {
    matches!(ensemble.post(), Post::Softmax | Post::Binary | Post::BinaryLogistic)
}

fn said<T>(read: Result<T, crate::LearningError>) -> Result<T, String> {
    read.map_err(|error| format!("is unreadable: {error}"))
}

fn classes(node: &GraphNode) -> Result<Vec<String>, String> {
    let texts = said(node.texts("classlabels_strings"))?;
    let numbers = said(node.integers("classlabels_int64s"))?;
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(texts.into_iter().map(str::to_owned).collect()),
        (true, false) => Ok(numbers.into_iter().map(|number| number.to_string()).collect()),
        _ => Err("has no labels of classes, or two kinds".to_owned()),
    }
}

/// What is added where: a list for each leaf, with numbers of classes.
struct Weights {
    of_leaf: HashMap<Place, Vec<(i64, f32)>>,
    one_class: bool,
    all_positive: bool,
}

impl Weights {
    fn of(node: &GraphNode) -> Result<Weights, String> {
        let trees = said(node.integers("class_treeids"))?;
        let nodes = said(node.integers("class_nodeids"))?;
        let classes = said(node.integers("class_ids"))?;
        let weights = said(node.floats("class_weights"))?;
        let count = weights.len();
        if [trees.len(), nodes.len(), classes.len()] != [count; 3] {
            return Err("has tables of weights that are not as long as one another".to_owned());
        }
        let one_class = classes.windows(2).all(|pair| pair[0] == pair[1]);
        let all_positive = weights.iter().all(|weight| *weight >= 0.0);
        let mut of_leaf: HashMap<Place, Vec<(i64, f32)>> = HashMap::new();
        for (place, weight) in trees.into_iter().zip(nodes).zip(classes.into_iter().zip(weights)) {
            of_leaf.entry(place).or_default().push(weight);
        }
        Ok(Weights { of_leaf, one_class, all_positive })
    }
}

/// What becomes of sums, what they begin with, and whether all go to one sum.
fn outputs(
    node: &GraphNode,
    classes: &[String],
    weights: &Weights,
) -> Result<(Post, Vec<f32>, Option<u16>), String> {
    let post = said(node.text("post_transform"))?.unwrap_or("NONE");
    let base = said(node.floats("base_values"))?;
    let is_binary = classes.len() == 2 && weights.one_class;
    let sums = if is_binary { 1 } else { classes.len() };
    let base = match base.len() {
        0 => vec![0.0; sums],
        count if count == sums => base,
        count => return Err(format!("has {count} base values for {sums} sums")),
    };
    let post = match (is_binary, post) {
        // ONNX Runtime takes a sum of positive weights alone as a probability.
        (true, "NONE" | "LOGISTIC") if weights.all_positive => Post::Binary,
        (true, "LOGISTIC") => Post::BinaryLogistic,
        (false, "NONE") => Post::None,
        (false, "SOFTMAX") => Post::Softmax,
        (false, "LOGISTIC") => Post::Logistic,
        _ => return Err(format!("makes of its sums what is not known here ({post})")),
    };
    Ok((post, base, is_binary.then_some(0)))
}

impl<'a> Tables<'a> {
    fn of(node: &GraphNode<'a>) -> Result<Tables<'a>, String> {
        let trees = said(node.integers("nodes_treeids"))?;
        let nodes = said(node.integers("nodes_nodeids"))?;
        let tables = Tables {
            modes: said(node.texts("nodes_modes"))?,
            features: said(node.integers("nodes_featureids"))?,
            thresholds: said(node.floats("nodes_values"))?,
            yes: said(node.integers("nodes_truenodeids"))?,
            no: said(node.integers("nodes_falsenodeids"))?,
            missing: said(node.integers("nodes_missing_value_tracks_true"))?,
            places: trees.iter().copied().zip(nodes.iter().copied()).collect(),
        };
        let count = tables.places.len();
        let lengths = [
            trees.len(),
            nodes.len(),
            tables.modes.len(),
            tables.features.len(),
            tables.thresholds.len(),
            tables.yes.len(),
            tables.no.len(),
        ];
        let missing = tables.missing.len();
        if lengths != [count; 7] || (missing != 0 && missing != count) || count > NODES_MAX {
            return Err("has tables of nodes that are not as long as one another".to_owned());
        }
        Ok(tables)
    }

    /// The first node of each tree, in the order of trees.
    fn roots(&self) -> Vec<usize> {
        let mut roots = Vec::new();
        let mut known = std::collections::HashSet::new();
        for (row, (tree, _)) in self.places.iter().enumerate() {
            if known.insert(*tree) {
                roots.push(row);
            }
        }
        roots
    }

    fn split(&self, row: usize) -> Result<Split, String> {
        let comparison = match self.modes[row] {
            "BRANCH_LEQ" => Comparison::LessOrEqual,
            "BRANCH_LT" => Comparison::Less,
            "BRANCH_GTE" => Comparison::GreaterOrEqual,
            "BRANCH_GT" => Comparison::Greater,
            "BRANCH_EQ" => Comparison::Equal,
            "BRANCH_NEQ" => Comparison::NotEqual,
            other => return Err(format!("has a node of mode {other:?}")),
        };
        let feature = u16::try_from(self.features[row]);
        Ok(Split {
            feature: feature.map_err(|_| format!("names feature {}", self.features[row]))?,
            comparison,
            missing_holds: self.missing.get(row).is_some_and(|tracks| *tracks != 0),
            threshold: self.thresholds[row],
            yes: 0,
            no: 0,
        })
    }
}

/// Nodes of the tree below a root, children behind their parents.
fn tree(
    tables: &Tables,
    by_place: &HashMap<Place, usize>,
    weights: &Weights,
    root: usize,
    output: Option<u16>,
    builder: &mut EnsembleBuilder,
) -> Result<Vec<Node>, String> {
    let mut rows = vec![root];
    let mut nodes: Vec<Node> = Vec::new();
    while let Some(row) = rows.get(nodes.len()).copied() {
        let (tree, number) = tables.places[row];
        if tables.modes[row] == "LEAF" {
            let listed = weights.of_leaf.get(&(tree, number)).map_or([].as_slice(), Vec::as_slice);
            let of_class = |(class, weight): &(i64, f32)| {
                let class = output.map_or_else(|| u16::try_from(*class).ok(), Some);
                class.map(|class| (class, *weight))
            };
            let leaf: Option<Vec<(u16, f32)>> = listed.iter().map(of_class).collect();
            let leaf = leaf.ok_or_else(|| format!("has a leaf of no class in tree {tree}"))?;
            nodes.push(Node::Leaf(builder.leaf(&leaf)?));
            continue;
        }
        let mut split = tables.split(row)?;
        for (child, to) in [(tables.yes[row], &mut split.yes), (tables.no[row], &mut split.no)] {
            *to = rows.len() as u32;
            let known = by_place.get(&(tree, child));
            rows.push(*known.ok_or_else(|| format!("has no node {child} in tree {tree}"))?);
        }
        // A ring would go on for ever; a node that two others share would be copied each time.
        if rows.len() > tables.places.len() {
            return Err(format!("has a ring in tree {tree}"));
        }
        nodes.push(Node::Split(split));
    }
    Ok(nodes)
}
