//! What is said beside a verdict: the flow's values of the features that the model asks most, and how
//! likely it finds the two first classes.
//!
//! `mean_flowiat 812, max_idle 0, duration 14999120: VOIP 0.83, CHAT 0.10`
//!
//! The features are those of the model, the same for every flow, and not what this one flow was decided
//! by: to find that out would cost many times the decision.

use std::fmt::Write;

use tractor_learning::Model;
use tractor_learning::ensemble::Node;

use crate::stored::Stored;

/// Features whose values are shown.
const FEATURES_SHOWN: usize = 3;

/// Bytes that are shown of the name of a feature, and of a class. With values of at most 16 bytes, three
/// features and two classes are 245, and the host keeps 255.
const FEATURE_BYTES_MAX: usize = 32;
const CLASS_BYTES_MAX: usize = 40;

/// A feature that the model asks much.
pub struct Shown {
    /// Its column.
    place: usize,
    name: String,
}

/// The features that did most for a model, the first of all before the others; none for models whose
/// features all have a say, or whose say is not known.
pub fn shown(stored: &Stored, places: &[usize], columns: &[String]) -> Vec<Shown> {
    let shares = match &stored.header {
        Some(header) if !header.importances.is_empty() => header.importances.clone(),
        _ => questions(&stored.model),
    };
    let mut ranked: Vec<usize> =
        (0..shares.len()).filter(|feature| shares[*feature] > 0.0).collect();
    ranked.sort_by(|left, right| shares[*right].total_cmp(&shares[*left]));
    let named = |feature: usize| {
        let place = *places.get(feature)?;
        // A model's own name may say better what the column holds.
        let own = stored.header.as_ref().and_then(|header| header.features.get(feature));
        let name = own.or(columns.get(place))?;
        Some(Shown { place, name: cut(name, FEATURE_BYTES_MAX).to_owned() })
    };
    ranked.into_iter().filter_map(named).take(FEATURES_SHOWN).collect()
}

/// By feature, how many nodes of trees ask for it.
fn questions(model: &Model) -> Vec<f64> {
    let Model::Trees(trees) = model else { return Vec::new() };
    let mut questions = vec![0.0; trees.ensemble.features()];
    for node in trees.ensemble.trees().iter().flatten() {
        if let Node::Split(split) = node {
            questions[usize::from(split.feature)] += 1.0;
        }
    }
    questions
}

/// The evidence of a flow whose columns are these, with the probabilities of the classes and the class
/// that is most likely.
pub fn of(
    shown: &[Shown],
    columns: &[f64],
    classes: &[String],
    probabilities: &[f32],
    best: usize,
) -> String {
    let mut text = String::with_capacity(96);
    for (number, feature) in shown.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { ", " });
        text.push_str(&feature.name);
        text.push(' ');
        push_value(&mut text, columns.get(feature.place).copied().unwrap_or(f64::NAN));
    }
    text.push_str(if shown.is_empty() { "" } else { ": " });
    let others = (0..classes.len()).filter(|class| *class != best);
    let greater = |left: usize, right: usize| match probabilities[right] > probabilities[left] {
        true => right,
        false => left,
    };
    push_class(&mut text, &classes[best], probabilities[best]);
    if let Some(second) = others.reduce(greater) {
        text.push_str(", ");
        push_class(&mut text, &classes[second], probabilities[second]);
    }
    text
}

fn cut(name: &str, bytes_max: usize) -> &str {
    &name[..name.floor_char_boundary(bytes_max)]
}

fn push_class(text: &mut String, class: &str, probability: f32) {
    // Writing to a text cannot fail. No answer of a model is more than certain.
    let _ = write!(text, "{} {:.2}", cut(class, CLASS_BYTES_MAX), probability.clamp(0.0, 1.0));
}

/// A number in at most 16 bytes, whatever it is.
fn push_value(text: &mut String, value: f64) {
    let size = value.abs();
    let _ = match value {
        _ if value.is_nan() => write!(text, "missing"),
        _ if size < 1e15 && value.fract() == 0.0 => write!(text, "{}", value as i64),
        _ if (0.001..1e6).contains(&size) => write!(text, "{value:.3}"),
        _ => write!(text, "{value:.3e}"),
    };
}
