//! Many inputs as one stream: what there is, and in which order.

use std::path::PathBuf;

use super::CaptureFile;
use super::expand::{Candidate, expand, is_named_like_a_capture};
use super::problem::Problem;
use super::sequential::Unreadable;
use crate::limits::FILES_MAX;

/// What the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, a pipe, a folder or a glob.
    Path(PathBuf),
    /// Standard input, `-` on a command line.
    Stdin,
}

/// The files of a run, in the order in which their packets form the stream.
pub struct Joined {
    pub files: Vec<CaptureFile>,
    /// What could not be read, in the order in which it was named.
    pub problems: Vec<Problem>,
}

/// The name of standard input in messages.
const STDIN_NAME: &str = "standard input";

/// Finds all captures behind `inputs`, reads each up to its first packet, and sorts them by the
/// time of that packet (ties: the order in which they were named). Files without packets are last.
///
/// Folders are searched recursively, in the order of their paths' bytes; a file that is no capture
/// by its first bytes is passed over there, unless its name says that it should be one. A path that
/// does not exist and has `*`, `?` or `[` is a glob.
pub fn join(inputs: &[Input]) -> Joined {
    let mut joined = Joined { files: Vec::new(), problems: Vec::new() };
    let mut stdin_taken = false;
    for input in inputs {
        match input {
            Input::Stdin if stdin_taken => {
                joined.problems.push(Problem::error(STDIN_NAME, "it can be read only once"));
            }
            Input::Stdin => {
                stdin_taken = true;
                let opened = CaptureFile::held(STDIN_NAME.to_owned(), std::io::stdin());
                joined.add(STDIN_NAME, false, opened);
            }
            Input::Path(path) => {
                for Candidate { path, found } in expand(path, &mut joined.problems) {
                    let may_be_none = found && !is_named_like_a_capture(&path);
                    let name = path.display().to_string();
                    joined.add(&name, may_be_none, CaptureFile::at(path));
                }
            }
        }
    }
    if joined.files.len() > FILES_MAX {
        let cause = format!("more than {FILES_MAX} files are not read");
        joined
            .problems
            .extend(joined.files.drain(FILES_MAX..).map(|file| Problem::error(&file.name, &cause)));
    }
    joined.files.sort_by_key(|file| (file.first_time().is_none(), file.first_time()));
    joined
}

impl Joined {
    fn add(&mut self, name: &str, may_be_none: bool, opened: Result<CaptureFile, Unreadable>) {
        match opened {
            Ok(file) => self.files.push(file),
            Err(Unreadable::NoCapture(_)) if may_be_none => {}
            Err(unreadable) => self.problems.push(Problem::error(name, unreadable.cause())),
        }
    }
}
