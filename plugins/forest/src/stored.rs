//! The model's file, read once for all instances: each worker has one, and a forest may be large.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tractor_learning::file::{Header, MAGIC};
use tractor_learning::limits::MODEL_FILE_BYTES_MAX;
use tractor_learning::{LearningError, Model, ModelFile, onnx};

/// What is in a file.
pub struct Stored {
    pub model: Model,
    /// In the order of the model's answers.
    pub classes: Vec<String>,
    /// What a model file says of its model. ONNX says nothing.
    pub header: Option<Header>,
}

/// By what a file is known again.
#[derive(PartialEq)]
struct Identity {
    path: String,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// The file that was read last. It stays in memory until another is read.
static LAST: Mutex<Option<(Identity, Arc<Stored>)>> = Mutex::new(None);

/// Reads a file, or gives what was read before, if it is the same file still.
///
/// # Errors
/// A sentence that begins behind the file's name: `: it is no model`.
pub fn read(path: &str) -> Result<Arc<Stored>, String> {
    // Whoever comes second waits here and has it for nothing.
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let unreadable = |cause: io::Error| format!("cannot be read: {}", words(&cause));
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let modified = about.modified().ok();
    let identity = Identity { path: path.to_owned(), bytes: about.len(), modified };
    if let Some((known, stored)) = last.as_ref()
        && *known == identity
    {
        return Ok(Arc::clone(stored));
    }
    // Not two in memory at once.
    *last = None;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MODEL_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MODEL_FILE_BYTES_MAX {
        return Err(format!("has more than {MODEL_FILE_BYTES_MAX} bytes"));
    }
    let stored = Arc::new(stored(path, &bytes).map_err(|error| error.to_string())?);
    *last = Some((identity, Arc::clone(&stored)));
    Ok(stored)
}

/// A model file of ours is known by how it begins, ONNX by its name alone.
fn stored(path: &str, bytes: &[u8]) -> Result<Stored, LearningError> {
    let is_ours = bytes.starts_with(MAGIC);
    let is_named_onnx = Path::new(path).extension().is_some_and(|end| end == "onnx");
    if is_named_onnx && !is_ours {
        let onnx::Imported { model, classes } = onnx::read(bytes)?;
        return Ok(Stored { model, classes, header: None });
    }
    let ModelFile { header, model } = ModelFile::from_bytes(bytes)?;
    Ok(Stored { model, classes: header.classes.clone(), header: Some(header) })
}

/// A cause without the system's number for it.
fn words(cause: &io::Error) -> String {
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
