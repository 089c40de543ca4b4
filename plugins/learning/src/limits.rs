//! Every bound of this crate, in one place, with its unit in its name. Whatever is beyond is refused
//! with a sentence.

/// Rows of a table.
pub const TABLE_ROWS_MAX: usize = 50_000_000;

/// Numbers of a table, of 8 bytes each: 4 GiB.
pub const TABLE_VALUES_MAX: usize = 1 << 29;

/// Features of a table or a model.
pub const FEATURES_MAX: usize = 4_096;

/// Classes of a table or a model.
pub const CLASSES_MAX: usize = 1_024;

/// Captures that rows of a table come from.
pub const CAPTURES_MAX: usize = 1_000_000;

/// Lines of a file of labels.
pub const LABELS_MAX: usize = 1_000_000;

/// Bytes of the name of a feature, a class or a capture.
pub const NAME_BYTES_MAX: usize = 1_024;

/// Bytes of the name of a class or a group that is a label of flows.
pub const LABEL_BYTES_MAX: usize = 63;

/// Bytes of a line of an ARFF file.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Trees of a model.
pub const TREES_MAX: usize = 100_000;

/// Features that leaves of a boosted tree have together: sums of each take 4 KiB while the tree grows, so that
/// they are 1 GiB. Trees of the usual number of leaves may have every feature there can be.
pub const LEAF_FEATURES_MAX: usize = 1 << 18;

/// Nodes of a model, of all trees together.
pub const NODES_MAX: usize = 1 << 26;

/// Weights in the leaves of a model.
pub const LEAF_WEIGHTS_MAX: usize = 1 << 26;

/// Steps from a tree's root to its deepest leaf.
pub const TREE_DEPTH_MAX: usize = 4_096;

/// Bytes of the header of a model file.
pub const HEADER_BYTES_MAX: usize = 16 << 20;

/// Bytes of the body of a model file, unpacked.
pub const BODY_BYTES_MAX: usize = 1 << 30;

/// Bytes of a model file.
pub const MODEL_FILE_BYTES_MAX: u64 = 1 << 30;

/// Bytes of an ONNX file. What is listed of it may take some 30 times as much memory where it is damaged, as
/// lists of empty texts: 8 GiB.
pub const ONNX_FILE_BYTES_MAX: usize = 256 << 20;

/// Operators of an ONNX graph. A model of trees has a few.
pub const ONNX_OPERATORS_MAX: usize = 1 << 16;

/// Folds of a cross-validation.
pub const FOLDS_MAX: usize = 1_000;

/// Threads that one call starts.
pub const THREADS_MAX: usize = 256;

/// Means of a description.
pub const MEANS_MAX: usize = 256;
