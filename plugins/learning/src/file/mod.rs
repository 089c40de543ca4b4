//! Model files, `.tractor`: what a model is, where it comes from and what it fits, then the model.
//!
//! | bytes | hold |
//! |---|---|
//! | 8 | `TRACTORM` |
//! | 4 | number of the layout |
//! | 4 | bytes of the header |
//! | 8 | bytes of the body, packed |
//! | 4 | CRC-32 of all that follows |
//! | header | JSON, see `Header` |
//! | body | zstd; see `body` |
//!
//! Numbers are little-endian. Reading is total: any bytes give a model that can be applied or a sentence.

mod body;
mod bytes;
mod header;
#[cfg(test)]
mod tests;

pub use header::{ClassCount, FlowLife, Header, Input, LABEL_SHAPE, Manifest, is_label};

use self::bytes::Bytes;
use crate::error::LearningError;
use crate::limits::{BODY_BYTES_MAX, HEADER_BYTES_MAX, MODEL_FILE_BYTES_MAX};
use crate::model::Model;
use crate::table::{Profile, iscx};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What every model file begins with.
pub const MAGIC: &[u8; 8] = b"TRACTORM";

/// The layout that is written. Files of every earlier one are read for ever.
pub const LAYOUT: u32 = 1;

const ZSTD_LEVEL: i32 = 9;

/// A model with everything that is known of it.
#[derive(Clone, Debug)]
pub struct ModelFile {
    pub header: Header,
    pub model: Model,
}

impl ModelFile {
    /// The whole file.
    ///
    /// # Errors
    /// A sentence, if header and model do not go together or are larger than would be read again.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LearningError> {
        self.header.check(&self.model).map_err(LearningError::Parameter)?;
        let mut behind = serde_json::to_vec(&self.header)
            .map_err(|error| LearningError::Parameter(format!("has no JSON: {error}")))?;
        let header_bytes = behind.len();
        let body = body::write(&self.model);
        if header_bytes > HEADER_BYTES_MAX || body.len() > BODY_BYTES_MAX {
            let why =
                format!("gives a header of {header_bytes} bytes and a body of {}", body.len());
            return Err(LearningError::Parameter(why));
        }
        let packed = zstd::encode_all(body.as_slice(), ZSTD_LEVEL)
            .map_err(|error| LearningError::Parameter(format!("gives no body: {error}")))?;
        behind.extend(&packed);
        let mut file = MAGIC.to_vec();
        file.extend(LAYOUT.to_le_bytes());
        file.extend((header_bytes as u32).to_le_bytes());
        file.extend((packed.len() as u64).to_le_bytes());
        file.extend(crc32fast::hash(&behind).to_le_bytes());
        file.append(&mut behind);
        Ok(file)
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// A sentence with the place, for whatever is no model of this layout.
    pub fn from_bytes(file: &[u8]) -> Result<ModelFile, LearningError> {
        let mut bytes = Bytes::new(file);
        if bytes.take(MAGIC.len())? != MAGIC {
            return Err(LearningError::damaged(0, "it is no model of TrActor"));
        }
        let layout = bytes.u32()?;
        if layout != LAYOUT {
            return Err(LearningError::OtherLayout(layout, LAYOUT));
        }
        let header_bytes = bytes.u32()? as usize;
        let body_bytes = bytes.u64()?;
        let checksum = bytes.u32()?;
        let begin = bytes.offset();
        if header_bytes > HEADER_BYTES_MAX {
            let why = format!("a header of {header_bytes} bytes, more than {HEADER_BYTES_MAX}");
            return Err(LearningError::damaged(begin, why));
        }
        let behind = &file[begin..];
        if (header_bytes as u64).checked_add(body_bytes) != Some(behind.len() as u64) {
            let why = format!("{} bytes follow, and it says other", behind.len());
            return Err(LearningError::damaged(begin, why));
        }
        if crc32fast::hash(behind) != checksum {
            return Err(LearningError::damaged(begin, "its checksum is another"));
        }
        let (header, body) = behind.split_at(header_bytes);
        let header: Header = serde_json::from_slice(header)
            .map_err(|error| LearningError::damaged(begin, format!("the header: {error}")))?;
        let at_body = begin + header_bytes;
        let body = unpack(body).map_err(|why| LearningError::damaged(at_body, why))?;
        let model = body::read(&body)?;
        header.check(&model).map_err(|why| LearningError::damaged(begin, why))?;
        Ok(ModelFile { header, model })
    }

    /// Reads a model file by name.
    ///
    /// # Errors
    /// A sentence with the file, the place and the cause.
    pub fn read(file: &Path) -> Result<ModelFile, LearningError> {
        let opened = File::open(file).map_err(LearningError::io("open", file))?;
        let mut bytes = Vec::new();
        let mut bounded = opened.take(MODEL_FILE_BYTES_MAX + 1);
        bounded.read_to_end(&mut bytes).map_err(LearningError::io("read", file))?;
        let why = |why: String| LearningError::File { file: file.to_owned(), why };
        if bytes.len() as u64 > MODEL_FILE_BYTES_MAX {
            return Err(why(format!("the model has more than {MODEL_FILE_BYTES_MAX} bytes")));
        }
        ModelFile::from_bytes(&bytes).map_err(|error| why(error.to_string()))
    }

    /// Whether the model answers for flows of this profile, with these features, that lived like this.
    ///
    /// # Errors
    /// One sentence that names the first difference.
    pub fn check_fits(
        &self,
        profile: &Profile,
        features: &[String],
        life: Option<FlowLife>,
    ) -> Result<(), LearningError> {
        let mismatch = |why: String| Err(LearningError::Mismatch(why));
        let ours = &self.header;
        if *profile != ours.profile {
            return mismatch(format!(
                "it is for profile {}, and the flows are {profile}",
                ours.profile
            ));
        }
        // `iscx` prints the published names, and models know what the columns hold.
        let features = iscx::true_names(profile, features);
        if features.len() != ours.features.len() {
            let counts = (ours.features.len(), features.len());
            return mismatch(format!(
                "it takes {} features, and the flows have {}",
                counts.0, counts.1
            ));
        }
        let mut pairs = ours.features.iter().zip(&features).enumerate();
        if let Some((place, (ours, theirs))) = pairs.find(|(_, (ours, theirs))| ours != theirs) {
            return mismatch(format!(
                "its feature {} is {ours}, and that of the flows {theirs}",
                place + 1
            ));
        }
        match (ours.flow_life, life) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                mismatch(format!("it learned from flows with {ours}, and these have {theirs}"))
            }
            _ => Ok(()),
        }
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let decoder = zstd::Decoder::new(packed).map_err(|error| format!("the body: {error}"))?;
    let mut body = Vec::new();
    let mut bounded = decoder.take(BODY_BYTES_MAX as u64 + 1);
    bounded.read_to_end(&mut body).map_err(|error| format!("the body: {error}"))?;
    match body.len() {
        0..=BODY_BYTES_MAX => Ok(body),
        _ => Err(format!("a body of more than {BODY_BYTES_MAX} bytes")),
    }
}
