//! Options, and files that are no models or models of other flows: each has its sentence.

use super::{COLUMNS, Folder, forest, made, refusal};
use tractor_learning::random::Random;
use tractor_learning::table::Profile;
use tractor_plugin::abi::{BAD_OPTION, NOT_CONFIGURED};
use tractor_plugin::testing::{Border, FlowBuilder};

use crate::plugin::Forest;

#[test]
fn without_a_model_it_is_not_configured() {
    for options in [&[][..], &[("min_confidence", "0.7")], &[("model", "")]] {
        let failure = Border::<Forest>::create(options).err().unwrap();
        assert_eq!(failure.status, NOT_CONFIGURED, "{options:?}");
    }
    // Who has misspelt it hopes for a model.
    let failure = Border::<Forest>::create(&[("modle", "a.tractor")]).err().unwrap();
    assert_eq!((failure.status, failure.text.as_str()), (BAD_OPTION, "there is no option modle"));
}

#[test]
fn options_that_are_wrong_are_named() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let cases = [
        (("batch", "7"), "there is no option batch"),
        (("min_confidence", "1.5"), "option min_confidence = \"1.5\": it is not from 0 to 1"),
        (("min_confidence", "NaN"), "option min_confidence = \"NaN\": it is not from 0 to 1"),
        (("min_confidence", "high"), "option min_confidence = \"high\": invalid float literal"),
        (("window_us", "15s"), "option window_us = \"15s\": invalid digit found in string"),
        (("columns", "iscx/1"), "FILE: it says its columns itself, without an option"),
        (("group", "vpn"), "FILE: it says its group itself, without an option"),
        (("features", "duration"), "FILE: it says its features itself, without an option"),
    ];
    for (option, sentence) in cases {
        assert_eq!(refusal(&path, &[option]), sentence);
    }
}

#[test]
fn what_is_no_model_is_refused_with_file_place_and_cause() {
    let folder = Folder::new();
    let bytes = forest().to_bytes().unwrap();
    let of = |name: &str, bytes: &[u8]| refusal(&folder.write(name, bytes), &[]);
    assert_eq!(of("0", b""), "FILE: the model is damaged at byte 0: it ends too early");
    assert_eq!(
        of("1", b"a,b,c,d,e,f"),
        "FILE: the model is damaged at byte 0: it is no model of TrActor"
    );
    assert_eq!(of("2", &bytes[..20]), "FILE: the model is damaged at byte 16: it ends too early");
    let mut flipped = bytes.clone();
    flipped[200] ^= 1;
    assert_eq!(of("3", &flipped), "FILE: the model is damaged at byte 28: its checksum is another");
    let mut later = bytes.clone();
    later[8] = 9;
    assert_eq!(of("4", &later), "FILE: the model is of layout 9, and this program reads layout 1");
    assert_eq!(refusal("no.tractor", &[]), "FILE: cannot be read: No such file or directory");
    let place = folder.path("").to_str().unwrap().to_owned();
    assert_eq!(refusal(&place, &[]), "FILE: is not a regular file");
}

#[test]
fn a_file_that_is_cut_or_flipped_anywhere_gives_a_sentence() {
    let folder = Folder::new();
    let bytes = forest().to_bytes().unwrap();
    let mut random = Random::new(3, 3);
    for number in 0..150 {
        let mut broken = bytes.clone();
        let place = random.below(bytes.len());
        match number % 2 {
            0 => broken.truncate(place),
            _ => broken[place] ^= 1 << random.below(8),
        }
        let path = folder.write(&number.to_string(), &broken);
        let failure = made(&path, &[]).err().unwrap_or_else(|| panic!("byte {place}"));
        assert_eq!(failure.status, BAD_OPTION);
        assert!(failure.text.starts_with(&path) && !failure.text.contains('\n'), "{failure:?}");
    }
}

#[test]
fn models_of_other_flows_are_refused_in_a_sentence() {
    let folder = Folder::new();
    let mut model = forest();
    model.header.features[2] = "max_active".to_owned();
    let path = folder.write("feature", &model.to_bytes().unwrap());
    let sentence = "FILE: its feature 3, \"max_active\", is no column of invented/1";
    assert_eq!(refusal(&path, &[]), sentence);
    let mut model = forest();
    model.header.classes[1] = "voice over ip".to_owned();
    let path = folder.write("class", &model.to_bytes().unwrap());
    let sentence = "FILE: its class \"voice over ip\" is no label: a-z, A-Z, 0-9, _, - and ., \
                    1 to 63 bytes";
    assert_eq!(refusal(&path, &[]), sentence);
    let mut model = forest();
    model.header.profile = Profile::default();
    let path = folder.write("profile", &model.to_bytes().unwrap());
    let sentence = "FILE: it does not say of which profile its features are: \
                    give the option columns, such as iscx-a2/1";
    assert_eq!(refusal(&path, &[]), sentence);
    let told = made(&path, &[("columns", "invented/1")]).unwrap();
    assert_eq!(told.declared().unwrap().columns.as_deref(), Some("invented/1"));
    let sentence = "FILE: option columns = \"iscx\" is no profile and version";
    assert_eq!(refusal(&path, &[("columns", "iscx")]), sentence);
}

#[test]
fn columns_are_found_by_name_wherever_they_stand() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let columns = ["more", "max_idle", "noise", "mean_flowiat", "duration"];
    let options = [("model", path.as_str())];
    let mut other = Border::<Forest>::create_with_columns(&options, &columns).unwrap();
    let flow = |names: &[&str]| {
        let value = |name: &str| match name {
            "mean_flowiat" => 1_400.0,
            "max_idle" => 0.0,
            _ => 0.25,
        };
        let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000");
        names.iter().fold(flow, |flow, name| flow.feature(name, value(name))).build()
    };
    let expected = made(&path, &[]).unwrap().classify(&[&flow(&COLUMNS)]).unwrap();
    assert_eq!(expected.len(), 1);
    assert_eq!(other.classify(&[&flow(&columns)]).unwrap(), expected);
}

#[test]
fn the_shifted_names_of_iscx_are_known_for_what_they_hold() {
    let folder = Folder::new();
    let mut model = forest();
    model.header.profile = Profile { name: "iscx".to_owned(), version: 1 };
    let names = ["duration", "min_fiat", "max_fiat", "std_fiat"];
    model.header.features = names.map(str::to_owned).to_vec();
    let path = folder.write("a.tractor", &model.to_bytes().unwrap());
    let published = tractor_learning::table::iscx::PUBLISHED;
    let options = [("model", path.as_str()), ("min_confidence", "0")];
    let mut border = Border::<Forest>::create_with_columns(&options, &published).unwrap();
    let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000");
    // `min_fiat` holds the greatest time, `total_fiat` the least.
    let flow = published.iter().fold(flow, |flow, name| match *name {
        "total_fiat" => flow.feature(name, 1_400.0),
        "min_fiat" => flow.feature(name, 0.0),
        _ => flow.feature(name, 7.0),
    });
    let tags = border.classify(&[&flow.build()]).unwrap();
    assert_eq!(tags[0].verdict.label(), 1, "{tags:?}");
    let evidence = tags[0].verdict.evidence();
    assert!(evidence.contains("min_fiat 1400") && evidence.contains("max_fiat 0"), "{evidence}");
}
