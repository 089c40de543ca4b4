//! The class of each capture, and the name that it has in a data set.

use crate::messages;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use tractor_engine::capture::CaptureFile;
use tractor_engine::profiles::class_from_file_name;
use tractor_learning::table::{LabelLine, read_labels};

/// What a file of labels says, by the names as they stand there, and by the files that they name.
#[derive(Default)]
pub struct Labels {
    file: PathBuf,
    by_name: HashMap<PathBuf, LabelLine>,
    by_file: HashMap<PathBuf, LabelLine>,
}

impl Labels {
    /// # Errors
    /// A sentence, when the file cannot be read, or says two classes of one capture.
    pub fn read(file: &Path) -> Result<Self, String> {
        let lines = read_labels(file).map_err(|error| error.to_string())?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut labels = Self { file: file.to_owned(), ..Self::default() };
        for line in lines {
            let name = PathBuf::from(&line.file);
            if let Ok(path) = folder.join(&name).canonicalize() {
                add(file, &mut labels.by_file, path, &line)?;
            }
            add(file, &mut labels.by_name, name, &line)?;
        }
        Ok(labels)
    }

    fn of(&self, path: &Path) -> Option<&LabelLine> {
        let of_file = || self.by_file.get(&path.canonicalize().ok()?);
        self.by_name.get(path).or_else(of_file)
    }

    /// Tells of lines that no capture answers to: a mistyped name leaves a class out without a word.
    pub fn warn_of_others(&self, captures: &[CaptureFile]) {
        let lines = captures.iter().filter_map(|capture| self.of(Path::new(&capture.name)));
        let known: Vec<u64> = lines.map(|line| line.line).collect();
        let mut others: Vec<&LabelLine> =
            self.by_name.values().filter(|line| !known.contains(&line.line)).collect();
        others.sort_by_key(|line| line.line);
        if let Some(first) = others.first() {
            messages::warning(format_args!(
                "{}, line {}: {} is none of the captures{}",
                self.file.display(),
                first.line,
                first.file,
                match others.len() {
                    1 => String::new(),
                    more => format!(", and {} more are not", more - 1),
                }
            ));
        }
    }
}

fn add(
    file: &Path,
    known: &mut HashMap<PathBuf, LabelLine>,
    key: PathBuf,
    line: &LabelLine,
) -> Result<(), String> {
    let before = known.entry(key).or_insert_with(|| line.clone());
    match before.label == line.label {
        true => Ok(()),
        false => Err(format!(
            "{}, line {}: {} is {}, and in line {} it is {}",
            file.display(),
            line.line,
            line.file,
            line.label,
            before.line,
            before.label
        )),
    }
}

/// The class of a capture: what the labels say, else its comments, else its name.
pub fn class(capture: &CaptureFile, labels: &Labels) -> Option<String> {
    let path = Path::new(&capture.name);
    let given = labels.of(path).map(|line| line.label.clone());
    let of_name = || class_from_file_name(path.file_name()?.to_str()?).map(str::to_owned);
    given.or_else(|| capture.label().map(str::to_owned)).or_else(of_name)
}

/// Names of captures without the folders that all of them are in.
pub fn short_names(captures: &[CaptureFile]) -> Vec<String> {
    let parts = |capture: &CaptureFile| -> Vec<String> {
        let components = Path::new(&capture.name).components();
        let part = |part: Component<'_>| part.as_os_str().to_string_lossy().into_owned();
        components.map(part).collect()
    };
    let all: Vec<Vec<String>> = captures.iter().map(parts).collect();
    let is_shared = |place: usize| {
        let first = all.first().and_then(|first| first.get(place));
        // The name itself is never shared away.
        all.iter().all(|one| place + 1 < one.len() && one.get(place) == first)
    };
    let shared = (0..).take_while(|place| is_shared(*place)).count();
    all.iter().map(|one| one[shared.min(one.len())..].join("/")).collect()
}
