//! What an ONNX model has of nodes and attributes (onnx.proto: `ModelProto`, `GraphProto`, `NodeProto`,
//! `AttributeProto`).

use super::protobuf::{Message, Value};
use crate::error::LearningError;
use crate::limits::ONNX_OPERATORS_MAX;
use std::collections::HashMap;

pub(super) struct Graph<'a> {
    pub nodes: Vec<GraphNode<'a>>,
    /// Name of the first input, where rows come in.
    pub input: Option<&'a str>,
    /// Its width, where it is said.
    pub features: Option<usize>,
    /// Names of constants that are a single 1: what is multiplied by them stays what it is.
    ones: Vec<&'a str>,
}

pub(super) struct GraphNode<'a> {
    pub operator: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    attributes: Vec<(&'a str, Message<'a>)>,
}

/// Numbers of fields.
const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_CONSTANT: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_OPERATOR: u64 = 4;
const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_INTEGER: u64 = 3;
const ATTRIBUTE_TEXT: u64 = 4;
const ATTRIBUTE_FLOATS: u64 = 7;
const ATTRIBUTE_INTEGERS: u64 = 8;
const ATTRIBUTE_TEXTS: u64 = 9;
const CONSTANT_FLOATS: u64 = 4;
const CONSTANT_NAME: u64 = 8;
const CONSTANT_BYTES: u64 = 9;
const INPUT_NAME: u64 = 1;
/// From an input to its second dimension: type, tensor, shape, dimension; then its value.
const INPUT_SHAPE: [u64; 3] = [2, 1, 2];
const SHAPE_DIMENSION: u64 = 1;
const DIMENSION_VALUE: u64 = 1;

pub(super) fn read(file: &[u8]) -> Result<Graph<'_>, LearningError> {
    let model = Message::new(file);
    let graph = first(model, MODEL_GRAPH)?.ok_or_else(|| model.damaged("it has no graph"))?;
    let listed = all(graph, GRAPH_NODE)?;
    if listed.len() > ONNX_OPERATORS_MAX {
        return Err(graph.damaged(&format!("more than {ONNX_OPERATORS_MAX} operators")));
    }
    let mut nodes = Vec::new();
    for node in listed {
        let operator = first(node, NODE_OPERATOR)?.map(Message::text).transpose()?;
        let mut attributes = Vec::new();
        for attribute in all(node, NODE_ATTRIBUTE)? {
            let name = first(attribute, ATTRIBUTE_NAME)?.map(Message::text).transpose()?;
            attributes.push((name.unwrap_or_default(), attribute));
        }
        nodes.push(GraphNode {
            operator: operator.unwrap_or_default(),
            inputs: texts(node, NODE_INPUT)?,
            outputs: texts(node, NODE_OUTPUT)?,
            attributes,
        });
    }
    let mut ones = Vec::new();
    for constant in all(graph, GRAPH_CONSTANT)? {
        if let Some(name) = first(constant, CONSTANT_NAME)?
            && is_one(constant)?
        {
            ones.push(name.text()?);
        }
    }
    let (input, features) = match first(graph, GRAPH_INPUT)? {
        Some(input) => (first(input, INPUT_NAME)?.map(Message::text).transpose()?, width(input)?),
        None => (None, None),
    };
    Ok(Graph { nodes, input, features, ones })
}

impl<'a> Graph<'a> {
    /// What writes to each name.
    pub fn by_output(&self) -> HashMap<&'a str, &GraphNode<'a>> {
        let nodes = self.nodes.iter();
        nodes.flat_map(|node| node.outputs.iter().map(move |output| (*output, node))).collect()
    }

    pub fn multiplies_by_one(&self, node: &GraphNode) -> bool {
        node.operator == "Mul" && node.inputs.iter().any(|input| self.ones.contains(input))
    }
}

/// Whether a constant is one number of single precision, 1.
fn is_one(mut constant: Message<'_>) -> Result<bool, LearningError> {
    let one = 1.0_f32.to_bits();
    while let Some((field, value)) = constant.next()? {
        match value {
            Value::Fixed(bits) if field == CONSTANT_FLOATS => return Ok(bits == one),
            Value::Bytes(inner) if matches!(field, CONSTANT_FLOATS | CONSTANT_BYTES) => {
                return Ok(inner.bytes() == one.to_le_bytes());
            }
            _ => {}
        }
    }
    Ok(false)
}

fn width(input: Message<'_>) -> Result<Option<usize>, LearningError> {
    let mut message = input;
    for field in INPUT_SHAPE {
        match first(message, field)? {
            Some(inner) => message = inner,
            None => return Ok(None),
        }
    }
    let Some(mut dimension) = all(message, SHAPE_DIMENSION)?.get(1).copied() else {
        return Ok(None);
    };
    while let Some((field, value)) = dimension.next()? {
        if let (DIMENSION_VALUE, Value::Varint(width)) = (field, value) {
            return Ok(usize::try_from(width).ok());
        }
    }
    Ok(None)
}

impl<'a> GraphNode<'a> {
    /// The name that its first input has.
    pub fn input(&self) -> Option<&'a str> {
        self.inputs.first().copied()
    }

    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, LearningError> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        first(attribute, ATTRIBUTE_TEXT)?.map(Message::text).transpose()
    }

    /// Empty where there is no such attribute; so for the others.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, LearningError> {
        let Some(attribute) = self.attribute(name) else { return Ok(Vec::new()) };
        texts(attribute, ATTRIBUTE_TEXTS)
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>, LearningError> {
        let Some(mut attribute) = self.attribute(name) else { return Ok(None) };
        while let Some((field, value)) = attribute.next()? {
            if let (ATTRIBUTE_INTEGER, Value::Varint(number)) = (field, value) {
                return Ok(Some(number as i64));
            }
        }
        Ok(None)
    }

    /// Packed or not.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>, LearningError> {
        let mut floats = Vec::new();
        let Some(mut attribute) = self.attribute(name) else { return Ok(floats) };
        while let Some((field, value)) = attribute.next()? {
            match value {
                Value::Fixed(bits) if field == ATTRIBUTE_FLOATS => {
                    floats.push(f32::from_bits(bits))
                }
                Value::Bytes(packed) if field == ATTRIBUTE_FLOATS => {
                    let (fours, rest) = packed.bytes().as_chunks();
                    if !rest.is_empty() {
                        return Err(packed.damaged("numbers of four bytes end too early"));
                    }
                    floats.extend(fours.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                }
                _ => {}
            }
        }
        Ok(floats)
    }

    /// Packed or not.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, LearningError> {
        let mut integers = Vec::new();
        let Some(mut attribute) = self.attribute(name) else { return Ok(integers) };
        while let Some((field, value)) = attribute.next()? {
            match value {
                Value::Varint(number) if field == ATTRIBUTE_INTEGERS => {
                    integers.push(number as i64)
                }
                Value::Bytes(packed) if field == ATTRIBUTE_INTEGERS => {
                    integers.extend(packed.varints()?.into_iter().map(|number| number as i64));
                }
                _ => {}
            }
        }
        Ok(integers)
    }

    fn attribute(&self, name: &str) -> Option<Message<'a>> {
        let found = self.attributes.iter().find(|(other, _)| *other == name);
        found.map(|(_, attribute)| *attribute)
    }
}

fn texts(message: Message<'_>, number: u64) -> Result<Vec<&str>, LearningError> {
    all(message, number)?.into_iter().map(Message::text).collect()
}

fn first(message: Message<'_>, number: u64) -> Result<Option<Message<'_>>, LearningError> {
    let mut rest = message;
    while let Some((field, value)) = rest.next()? {
        if let Value::Bytes(inner) = value
            && field == number
        {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

fn all(message: Message<'_>, number: u64) -> Result<Vec<Message<'_>>, LearningError> {
    let mut rest = message;
    let mut found = Vec::new();
    while let Some((field, value)) = rest.next()? {
        if let Value::Bytes(inner) = value
            && field == number
        {
            found.push(inner);
        }
    }
    Ok(found)
}
