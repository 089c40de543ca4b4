//! The class that a capture's name gives its flows.

/// The application in a name like `skype_24-11-2026-03-57.pcap`, `<App>_<dd-mm-yyyy-HH-MM>.<ext>`
/// matched whole; `None` for any other name.
pub fn class_from_file_name(name: &str) -> Option<&str> {
    let (stem, extension) = name.split_once('.')?;
    let (application, moment) = stem.rsplit_once('_')?;
    let pattern = b"dd-dd-dddd-dd-dd";
    let fits = moment.len() == pattern.len()
        && moment.bytes().zip(pattern).all(|(byte, &expected)| match expected {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        });
    (fits && !application.is_empty() && !extension.is_empty()).then_some(application)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_give_a_class() {
        assert_eq!(class_from_file_name("skype_24-11-2026-03-57.pcap"), Some("skype"));
        assert_eq!(class_from_file_name("my_app_01-01-2025-00-00.pcap.gz"), Some("my_app"));
        for other in
            ["skype.pcap", "_24-11-2026-03-57.pcap", "a_24-11-2026-03-57", "a_24-11-26-03-57.p"]
        {
            assert_eq!(class_from_file_name(other), None, "{other}");
        }
    }
}
