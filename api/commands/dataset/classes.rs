//! The class of each capture, and the name that it has in a data set.

use crate::messages;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use tractor_engine::capture::CaptureFile;
use tractor_engine::profiles::class_from_file_name;
use tractor_learning::table::{LabelLine, read_labels};

/// What a file of labels says, by the files that its lines name.
#[derive(Default)]
pub struct Labels {
    file: PathBuf,
    /// Names as seen from its folder.
    from_folder: HashMap<PathBuf, LabelLine>,
    /// Names as seen from here; all lines, those that name no file as they stand.
    from_here: HashMap<PathBuf, LabelLine>,
}

impl Labels {
    /// # Errors
    /// A sentence, when the file cannot be read, or says two classes of one capture.
    pub fn read(file: &Path) -> Result<Self, String> {
        let lines = read_labels(file).map_err(|error| error.to_string())?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut labels = Self { file: file.to_owned(), ..Self::default() };
        for line in lines {
            let name = Path::new(&line.file);
            if let Ok(path) = folder.join(name).canonicalize() {
                add(file, &mut labels.from_folder, path, &line)?;
            }
            let path = name.canonicalize().unwrap_or_else(|_| name.to_owned());
            add(file, &mut labels.from_here, path, &line)?;
        }
        Ok(labels)
    }

    fn of(&self, capture: &CaptureFile) -> Option<&LabelLine> {
        let path = capture.path()?.canonicalize().ok()?;
        self.from_folder.get(&path).or_else(|| self.from_here.get(&path))
    }

    /// Tells of lines that no capture answers to: a mistyped name leaves a class out without a word.
    pub fn warn_of_others(&self, captures: &[CaptureFile]) {
        let lines = captures.iter().filter_map(|capture| self.of(capture));
        let known: Vec<u64> = lines.map(|line| line.line).collect();
        let mut others: Vec<&LabelLine> =
            self.from_here.values().filter(|line| !known.contains(&line.line)).collect();
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
    let given = labels.of(capture).map(|line| line.label.clone());
    let name = Path::new(&capture.name).file_name().and_then(OsStr::to_str);
    let of_name = || class_from_file_name(name?).map(str::to_owned);
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
