//! The name of a capture's file, which says what is in it: `<App>_<dd-mm-yyyy-HH-MM>`.

use jiff::ZonedDateTime;
use std::ffi::OsString;
use std::path::Path;
use tractor_engine::time::Timestamp;

/// Bytes of a label, as those of classifiers have at most.
const LABEL_BYTES_MAX: usize = 63;

/// A moment as the engine and as people have it.
pub struct Start {
    pub time: Timestamp,
    local: ZonedDateTime,
}

impl Start {
    pub fn now() -> Self {
        let local = ZonedDateTime::now();
        Self { time: Timestamp::from_wide(local.timestamp().as_nanosecond()), local }
    }

    /// The name without its ending, by the machine's clock on the wall.
    pub fn stem(&self, label: &str) -> String {
        format!("{label}_{}", self.local.strftime("%d-%m-%Y-%H-%M"))
    }
}

fn is_of_labels(character: char) -> bool {
    character.is_alphanumeric() || "-_+".contains(character)
}

/// The label that was given, or the application's name.
///
/// # Errors
/// A sentence: the label would not be read from the name again, or there is none.
pub fn label(given: Option<&str>, application: Option<&OsString>) -> Result<String, String> {
    let named = |application: &OsString| {
        let name = Path::new(application).file_name()?.to_string_lossy().into_owned();
        let name: String =
            name.chars().map(|one| if is_of_labels(one) { one } else { '-' }).collect();
        Some(name.trim_matches('-').to_owned()).filter(|name| !name.is_empty())
    };
    let (label, source) = match given {
        Some(given) => (given.to_owned(), "the label"),
        None => match application.and_then(named) {
            Some(name) => (name, "the application's name"),
            None => return Err("say with --label what the traffic is called".to_owned()),
        },
    };
    if label.is_empty() || label.starts_with('-') || !label.chars().all(is_of_labels) {
        return Err(format!(
            "{source} {label:?} is no label: it may have letters, digits and - _ +, and does not begin with -"
        ));
    }
    if label.len() > LABEL_BYTES_MAX {
        return Err(format!(
            "{source} {label} is longer than {LABEL_BYTES_MAX} bytes; say a shorter one with --label"
        ));
    }
    Ok(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tractor_engine::profiles::class_from_file_name;

    #[test]
    fn names_are_understood_again() {
        for (given, application, expected) in [
            (Some("telegram"), None, "telegram"),
            (Some("my_app"), Some("curl"), "my_app"),
            (None, Some("/usr/bin/curl"), "curl"),
            (None, Some("python3.11"), "python3-11"),
        ] {
            let label = label(given, application.map(OsString::from).as_ref()).unwrap();
            assert_eq!(label, expected);
            for ending in ["pcapng", "2.pcapng"] {
                let name = format!("{}.{ending}", Start::now().stem(&label));
                assert_eq!(class_from_file_name(&name), Some(expected), "{name}");
            }
        }
        for wrong in ["", "a.b", "a/b", "-a", "a b", &"a".repeat(64)] {
            assert!(label(Some(wrong), None).is_err(), "{wrong}");
        }
        assert!(label(None, None).is_err());
        assert!(label(None, Some(&OsString::from(".."))).is_err());
    }
}
